#include "runtime/parker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace florin::runtime {
namespace {

TEST(Parker, UnparkBeforeParkIsNotLost) {
  Parker parker;
  parker.unpark();
  parker.park();  // would hang if the permit were lost
}

TEST(Parker, ManyUnparksAreOnePermit) {
  Parker parker;
  parker.unpark();
  parker.unpark();
  parker.park();
  parker.park(1);  // the second permit must not exist; returns by its time-out of a nanosecond
}

TEST(Parker, TimeoutReturns) {
  Parker parker;
  parker.park(1000);
}

TEST(Parker, NoWakeUpIsLostInALongDuel) {
  constexpr int kRounds = 20000;
  Parker ping;
  Parker pong;
  int value = 0;  // handed over by the parkers alone: a race would be seen by tsan
  std::thread other([&] {
    for (int i = 0; i < kRounds; ++i) {
      ping.park();
      ++value;
      pong.unpark();
    }
  });
  int spurious = 0;
  for (int i = 0; i < kRounds; ++i) {
    const int before = value;
    ping.unpark();
    do {
      pong.park();
      if (value == before) ++spurious;
    } while (value == before);
  }
  other.join();
  EXPECT_EQ(value, kRounds);
}

}  // namespace
}  // namespace florin::runtime
