#pragma once

#include "model/reference_books.hpp"

/// @file
/// The story: one line for every command that was done, and the outcome that is read off it.

namespace florin::model {

/// What every line of this command says, whatever it did.
StoryLine line_of(const Issued& issued);

/// Adds a line behind the object's newest. Its outcome; of an order, as the books have it by now.
PaymentOutcome tell(Books& books, ObjectKind kind, StoryLine line);

/// Nothing happened, and why.
PaymentOutcome refusal(const Issued& issued, PaymentResult code, std::uint64_t detail = 0);
/// The same, of a command on an order that is there: says how it is.
PaymentOutcome refusal(const Issued& issued, PaymentResult code, const BookedOrder& order);

/// Which object a command is about.
u128 object_of(const PaymentCommand& command);

}  // namespace florin::model
