#include "store/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t row_bytes(const struct row *row)
{
	return row->id.len + row->json.len;
}

/* Id and JSON in one block that begins with the id. */
static int row_copy(const struct row *row, struct row *out)
{
	char *block = malloc(row_bytes(row));

	if (!block)
		return -ENOMEM;
	memcpy(block, row->id.at, row->id.len);
	memcpy(block + row->id.len, row->json.at, row->json.len);
	*out = *row;
	out->id = str_of(block, row->id.len);
	out->json = str_of(block + row->id.len, row->json.len);
	return 0;
}

static void row_fini(struct row *row)
{
	free((char *)row->id.at);
}

static struct row *find_same(struct queue *queue, const struct row *row)
{
	for (uint32_t i = 0; i < queue->count; i++)
		if (queue->rows[i].is_incident == row->is_incident &&
		    str_equal(queue->rows[i].id, row->id))
			return &queue->rows[i];
	return NULL;
}

static int replace(struct queue *queue, struct row *old, const struct row *row)
{
	struct row copy;

	int result = row_copy(row, &copy);
	if (result != 0)
		return result;
	queue->bytes += row_bytes(row) - row_bytes(old);
	row_fini(old);
	*old = copy;
	return 0;
}

static void drop_at(struct queue *queue, uint32_t index)
{
	queue->bytes -= row_bytes(&queue->rows[index]);
	row_fini(&queue->rows[index]);
	queue->count--;
	memmove(&queue->rows[index], &queue->rows[index + 1],
		(queue->count - index) * sizeof(*queue->rows));
	queue->lost++;
}

/* Drops the oldest of the lightest rows that weigh less than `row`; false when there is none. */
static bool drop_lightest(struct queue *queue, const struct row *row)
{
	uint32_t lightest = 0;

	for (uint32_t i = 1; i < queue->count; i++)
		if (queue->rows[i].verdict < queue->rows[lightest].verdict)
			lightest = i;
	if (queue->count == 0 || queue->rows[lightest].verdict >= row->verdict)
		return false;
	drop_at(queue, lightest);
	return true;
}

static bool is_full(const struct queue *queue, const struct row *row)
{
	return queue->count == QUEUE_ROWS_MAX || queue->bytes + row_bytes(row) > QUEUE_BYTES_MAX;
}

static int grow(struct queue *queue)
{
	uint32_t cap = queue->cap ? queue->cap * 2 : 64;

	if (queue->count < queue->cap)
		return 0;
	struct row *rows = realloc(queue->rows, cap * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	queue->rows = rows;
	queue->cap = cap;
	return 0;
}

int queue_put(struct queue *queue, const struct row *row)
{
	if (row->json.len > QUEUE_ROW_BYTES_MAX || row->id.len == 0)
		return -EMSGSIZE;
	struct row *same = find_same(queue, row);
	if (same)
		return row->revision < same->revision ? 0 : replace(queue, same, row);
	while (is_full(queue, row)) {
		if (!drop_lightest(queue, row)) {
			queue->lost++;
			return -ENOBUFS;
		}
	}
	int result = grow(queue);
	if (result == 0)
		result = row_copy(row, &queue->rows[queue->count]);
	if (result != 0)
		return result;
	queue->bytes += row_bytes(row);
	queue->count++;
	return 0;
}

void queue_clear(struct queue *queue)
{
	for (uint32_t i = 0; i < queue->count; i++)
		row_fini(&queue->rows[i]);
	queue->count = 0;
	queue->bytes = 0;
}

void queue_fini(struct queue *queue)
{
	queue_clear(queue);
	free(queue->rows);
	*queue = (struct queue){0};
}
