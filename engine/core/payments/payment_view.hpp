#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

#include "core/payments/payment_segments.hpp"
#include "core/payments/payment_tables.hpp"
#include "core/queries/ledger_views.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// How a read of payments gets at them: what is in memory, while nobody executes, at a batch boundary; what is in segments, beside execution, for as long
/// as it likes. What is done at one boundary is a *slice*: writes wait for it, so it is bounded by what it looks at.
///
/// Each line of a story is in one of the two: in a segment up to end_sequence(), in memory behind it, for as long as the view is held. A generation that
/// is sealed stays in memory until its last reader has gone; so between the two its lines are in both, and whoever went through segments and memory by
/// what is there would meet them twice.
/// Reader: one thread, any.
class PaymentView {
 public:
  PaymentView(const PaymentTables& tables, LedgerViews& views) noexcept : tables_(tables), views_(views) {}

  /// Takes the view, and does `slice(tables)` at the same boundary.
  template <typename Slice>
  void open(BatchBoundary& boundary, Slice&& slice) noexcept {
    boundary_ = &boundary;
    at_boundary([&] {
      views_.take(view_);
      now_ = view_.segments;
      slice(tables_);
    });
  }
  /// At a later boundary, of which the answer tells from then on. Segments are those of the view.
  template <typename Slice>
  void again(Slice&& slice) noexcept {
    at_boundary([&] {
      views_.move_moment(view_);
      if (tables_.sealed().leaves_memory()) now_ = tables_.sealed().segments();
      slice(tables_);
    });
  }
  /// The same, but the moment stays: of what does not change.
  template <typename Slice>
  void slice(Slice&& slice) noexcept {
    at_boundary([&] { slice(tables_); });
  }
  void close() noexcept {
    now_.reset();
    views_.leave(view_);
  }

  [[nodiscard]] PaymentSegments segments() const noexcept { return PaymentSegments(*view_.segments); }
  /// As they were at the last boundary: what was not in memory then is here.
  [[nodiscard]] PaymentSegments segments_now() const noexcept { return PaymentSegments(*now_); }
  /// Up to this sequence lines are in segments(), behind it in memory.
  [[nodiscard]] std::uint64_t end_sequence() const noexcept { return segments().end_sequence(); }
  [[nodiscard]] QueryReader::Moment moment() const noexcept { return {.sequence = view_.sequence, .timestamp = view_.timestamp}; }

 private:
  template <typename Work>
  struct Task final : BoundaryTask {
    explicit Task(Work& work_to_do) noexcept : work(work_to_do) {}
    void run() noexcept override { work(); }
    Work& work;
  };
  template <typename Work>
  void at_boundary(Work&& work) noexcept {
    Task<std::remove_reference_t<Work>> task(work);
    boundary_->run(task);
  }

  const PaymentTables& tables_;
  LedgerViews& views_;
  BatchBoundary* boundary_ = nullptr;
  LedgerView view_;
  std::shared_ptr<const PastSegments> now_;
};

}  // namespace florin::core
