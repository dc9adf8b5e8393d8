/*
 * A process's memory as a picture of sizes: what is walled in, and what is filled with noise to the
 * byte.
 *
 * CryptoNight works on a pad of 2 MiB (its kin: 256 KiB, 1 MiB, 4 MiB) which it fills with output
 * of AES: noise from end to end, beside memory that is not. No page of it is like text, pictures,
 * objects or code. What is packed or enciphered is noise as well, of whatever length it has.
 *
 * source: CryptoNote Standard 008; what noise is was measured: 256 bytes of it have 162 values in
 * the mean (deviation 5), machine code, pixels and texts fewer than 120
 */
#ifndef DAVY_DECODE_MEMORY_PADS_H
#define DAVY_DECODE_MEMORY_PADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "model/process.h"
#include "model/workload.h"

enum { PADS_MAX = 64, PAD_PAGE_BYTES = 4096 };

/* Zeroed is ready for the first region. */
struct pad_finder {
	uint64_t start, bytes, mark; /* of the noise under way; bytes 0: none */
	struct memory_pad pads[PADS_MAX];
	size_t count;
};

/*
 * Read memory on, in any pieces of whole pages; what does not follow on the piece before begins
 * anew. A page that is cut at the end of a piece is passed over.
 */
void pad_finder_read(struct pad_finder *finder, struct str bytes, uint64_t address);
/* The end of a region. */
void pad_finder_end(struct pad_finder *finder);

/*
 * Whether mapping `i` is the memory of a WebAssembly module, as engines for 64 bits lay it out:
 * whole pages of 64 KiB, and gigabytes that nobody may touch behind them, so that an index of 32
 * bits needs no check.
 *
 * mappings: by address
 */
bool memory_is_walled(const struct mapping *mappings, size_t count, size_t i);

#endif
