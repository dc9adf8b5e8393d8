/*
 * Rows that wait for the disk: bounded in number and bytes, one per id. When it is full, a row of a
 * graver verdict takes the place of the lightest; so junk found while the disk is full does not
 * push out the miner.
 */
#ifndef DAVY_STORE_QUEUE_H
#define DAVY_STORE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"
#include "model/finding.h"

enum {
	QUEUE_ROWS_MAX = 4096,
	QUEUE_BYTES_MAX = 16 * 1024 * 1024,
	QUEUE_ROW_BYTES_MAX = 256 * 1024, /* as long as a line may be to be read back */
};

struct row {
	bool is_incident;
	enum verdict verdict;
	enum severity severity;
	uint32_t revision;
	instant first_seen, last_seen;
	struct str id, json; /* in queue_put: views; in the queue: its own */
};

struct queue {
	struct row *rows; /* oldest first */
	uint32_t count, cap;
	uint64_t bytes;
	uint64_t lost;
};

/* Copies the row. 0, -ENOBUFS (lost and counted), -EMSGSIZE, -ENOMEM */
must_check int queue_put(struct queue *queue, const struct row *row);
void queue_clear(struct queue *queue);
void queue_fini(struct queue *queue);

#endif
