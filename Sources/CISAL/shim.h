#pragma once

/// The state of ISA-L's decoder holds arrays of more than 100 KiB, which Swift would see as tuples
/// or not at all. It stays behind these functions.

#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct inflate_state *cisal_gzip;

/// Gets ready for the next member of a gzip file; its checksum is compared at its end.
static inline void cisal_gzip_begin(cisal_gzip _Nonnull state) {
  isal_inflate_init(state);
  state->crc_flag = ISAL_GZIP;
}

static inline cisal_gzip _Nullable cisal_gzip_new(void) {
  cisal_gzip state = (cisal_gzip)malloc(sizeof *state);
  if (state)
    cisal_gzip_begin(state);
  return state;
}

static inline void cisal_gzip_free(cisal_gzip _Nonnull state) { free(state); }

/// Gives the decoder bytes, which must stay where they are until all are used.
static inline void cisal_gzip_feed(
    cisal_gzip _Nonnull state, const void *_Nullable bytes, uint32_t count) {
  state->next_in = (uint8_t *)bytes;
  state->avail_in = count;
}

/// How many of the bytes given are not used yet.
static inline uint32_t cisal_gzip_unused(cisal_gzip _Nonnull state) { return state->avail_in; }

/// Where the first of these is.
static inline const void *_Nullable cisal_gzip_position(cisal_gzip _Nonnull state) {
  return state->next_in;
}

/// Decodes into `room` bytes and counts them; returns ISA-L's code, 0 if all is well.
static inline int cisal_gzip_decode(
    cisal_gzip _Nonnull state, void *_Nonnull bytes, uint32_t room, uint32_t *_Nonnull count) {
  state->next_out = (uint8_t *)bytes;
  state->avail_out = room;
  int code = isal_inflate(state);
  *count = room - state->avail_out;
  return code;
}

/// Whether the member is read to its end.
static inline bool cisal_gzip_is_finished(cisal_gzip _Nonnull state) {
  return state->block_state == ISAL_BLOCK_FINISH;
}
