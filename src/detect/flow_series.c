#include "detect/flow_series.h"

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

int flow_row_compare(const struct flow_row *a, const struct flow_row *b)
{
	int order = compare_u32(a->start_s, b->start_s);

	if (order == 0)
		order = compare_u32(a->seconds, b->seconds);
	if (order == 0)
		order = compare_u32(a->flags, b->flags);
	if (order == 0)
		order = compare_u32(a->bytes, b->bytes);
	return order ? order : compare_u32(a->packets, b->packets);
}

static struct flow_row *row_at(struct flow_series *series, unsigned i)
{
	return &series->rows[(series->first + i) % FLOW_ROWS_MAX];
}

/* Logs are nearly in order: whoever comes late is looked for from the end. */
static unsigned place_of(struct flow_series *series, const struct flow_row *row, bool *is_double)
{
	unsigned place = series->count;

	*is_double = false;
	while (place > 0) {
		int order = flow_row_compare(row, row_at(series, place - 1));
		*is_double = order == 0;
		if (order >= 0)
			break;
		place--;
	}
	return place;
}

bool flow_series_add(struct flow_series *series, const struct flow_row *row)
{
	bool is_double;
	unsigned place = place_of(series, row, &is_double);

	if (is_double || (place == 0 && series->count == FLOW_ROWS_MAX))
		return false;
	if (series->count == FLOW_ROWS_MAX) {
		series->first = (uint16_t)((series->first + 1) % FLOW_ROWS_MAX);
		place--;
	} else {
		series->count++;
	}
	for (unsigned i = series->count - 1u; i > place; i--)
		*row_at(series, i) = *row_at(series, i - 1);
	*row_at(series, place) = *row;
	return true;
}
