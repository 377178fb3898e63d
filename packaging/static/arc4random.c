// SPDX-License-Identifier: Apache-2.0
//
// libstdc++'s random_device calls arc4random, which glibc has since 2.36. With this definition, the program starts with
// glibc 2.35.
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

uint32_t arc4random(void) {
    uint32_t value;
    if (getentropy(&value, sizeof value) != 0) abort();
    return value;
}
