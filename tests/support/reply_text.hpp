#pragma once

#include <string>

#include "support/engine_under_test.hpp"

namespace florin::test {

/// One event, row or result in words, for the message of a failing test.
std::string describe(const Account& account);
std::string describe(const Transfer& transfer);

/// Where two replies to a request differ first, with the event that it is about.
std::string difference(const TestRequest& request, const model::ReplyBody& expected, const model::ReplyBody& actual);

}  // namespace florin::test
