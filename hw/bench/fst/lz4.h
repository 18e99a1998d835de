// Stand-in for lz4.h: what Verilator's FST writer calls, without the library. It compresses
// nothing: a block of literals alone is a valid LZ4 block.
#ifndef TILEWRIGHT_LZ4_H
#define TILEWRIGHT_LZ4_H

#include <cstring>

static inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }

static inline int LZ4_compress_default(const char* from, char* to, int size, int capacity) {
    if (capacity < LZ4_compressBound(size)) return 0;
    char* out = to;
    if (size < 15) {
        *out++ = static_cast<char>(size << 4);
    } else {
        *out++ = static_cast<char>(0xf0);
        int rest = size - 15;
        for (; rest >= 255; rest -= 255) *out++ = static_cast<char>(0xff);
        *out++ = static_cast<char>(rest);
    }
    if (size) std::memcpy(out, from, size);
    return static_cast<int>(out - to) + size;
}

#endif
