// Stand-in for zlib.h: what Verilator's FST writer calls, without the library. It compresses
// nothing: a zlib stream may consist of stored blocks.
#ifndef TILEWRIGHT_ZLIB_H
#define TILEWRIGHT_ZLIB_H

#include <cstring>

typedef unsigned char Bytef;
typedef unsigned long uLong;
typedef unsigned long uLongf;

enum { Z_OK = 0, Z_BUF_ERROR = -5 };

static inline uLong compressBound(uLong size) { return size + 5 * (size / 65535 + 1) + 6; }

static inline int compress2(Bytef* to, uLongf* capacity, const Bytef* from, uLong size, int) {
    if (*capacity < compressBound(size)) return Z_BUF_ERROR;
    Bytef* out = to;
    *out++ = 0x78;
    *out++ = 0x01;
    uLong done = 0, low = 1, high = 0;
    do {
        const uLong count = size - done < 65535 ? size - done : 65535;
        *out++ = done + count == size;
        *out++ = static_cast<Bytef>(count);
        *out++ = static_cast<Bytef>(count >> 8);
        *out++ = static_cast<Bytef>(~count);
        *out++ = static_cast<Bytef>(~count >> 8);
        if (count) std::memcpy(out, from + done, count);
        out += count;
        done += count;
    } while (done < size);
    for (uLong i = 0; i < size; ++i) {
        low = (low + from[i]) % 65521;
        high = (high + low) % 65521;
    }
    *out++ = static_cast<Bytef>(high >> 8);
    *out++ = static_cast<Bytef>(high);
    *out++ = static_cast<Bytef>(low >> 8);
    *out++ = static_cast<Bytef>(low);
    *capacity = out - to;
    return Z_OK;
}

#endif
