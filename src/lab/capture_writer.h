/*
 * Writes captures of every variant that src/decode/capture reads, for the lab, the tests and the
 * benchmarks: pcap in both byte orders, of micro- or nanoseconds or Kuznetzov's kind, and pcapng
 * with any number of sections and interfaces.
 *
 *     struct capture_writer writer = {.out = &out, .is_nano = true};
 *     capture_write_pcap_header(&writer, 1);
 *     capture_write_pcap_record(&writer, &frame);
 *
 * Nothing fails here but the buf. The settings may be changed between sections.
 */
#ifndef DAVY_LAB_CAPTURE_WRITER_H
#define DAVY_LAB_CAPTURE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "decode/capture/frame.h"

struct capture_writer {
	struct buf *out;
	bool is_big_endian;
	bool is_nano;	  /* pcap: nanoseconds instead of microseconds */
	bool is_modified; /* pcap: Kuznetzov's 24-byte record headers */
	uint32_t snaplen; /* 0: 262144 */
};

/* `link`: LINKTYPE_* in the lower half; FCS and reserved bits may be given in the upper. */
void capture_write_pcap_header(struct capture_writer *writer, uint32_t link);
void capture_write_pcap_record(struct capture_writer *writer, const struct frame *frame);

struct capture_clock {
	uint8_t resolution;  /* as if_tsresol; 6: microseconds, 0x80 | n: 2^-n s */
	bool has_resolution; /* false: not written, which means 6 */
	int64_t offset_s;    /* if_tsoffset; 0: not written */
};

void capture_write_section(struct capture_writer *writer);
/* Interfaces are numbered from 0 in each section in the order they are written. */
void capture_write_interface(struct capture_writer *writer, uint16_t link,
			     const struct capture_clock *clock);
/* `units`: time as the interface's clock counts it. */
void capture_write_enhanced(struct capture_writer *writer, uint32_t interface, uint64_t units,
			    const struct frame *frame);
void capture_write_obsolete(struct capture_writer *writer, uint16_t interface, uint64_t units,
			    const struct frame *frame);
/* Of interface 0, without time; the bytes of `frame` are cut to the writer's snaplen. */
void capture_write_simple(struct capture_writer *writer, const struct frame *frame);
void capture_write_block(struct capture_writer *writer, uint32_t type, struct str body);

/* Writes what has gathered in `out` to a descriptor and clears it: 0, -errno, -ENOMEM if failed. */
must_check int capture_write_flush(struct capture_writer *writer, int descriptor);

#endif
