#include "protocol/frame_reader.hpp"

namespace florin::protocol {

template class StreamReader<NativeFormat>;

}  // namespace florin::protocol
