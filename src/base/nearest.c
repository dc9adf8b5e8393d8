#include "base/nearest.h"

#include <limits.h>

enum { WORD_MAX = 63 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment, three rows at a time. */
unsigned edit_distance(struct str a, struct str b)
{
	unsigned rows[3][WORD_MAX + 1];

	a = str_sub(a, 0, WORD_MAX);
	b = str_sub(b, 0, WORD_MAX);
	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.len; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3],
			 *two_up = rows[(i + 1) % 3];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = a.at[i - 1] == b.at[j - 1];
			row[j] = least(least(above[j] + 1, row[j - 1] + 1),
				       above[j - 1] + (same ? 0 : 1));
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] &&
			    a.at[i - 2] == b.at[j - 1])
				row[j] = least(row[j], two_up[j - 2] + 1);
		}
	}
	return rows[a.len % 3][b.len];
}

struct nearest nearest_to(struct str word)
{
	return (struct nearest){.word = word, .distance = UINT_MAX};
}

void nearest_offer(struct nearest *nearest, struct str name)
{
	unsigned distance = edit_distance(nearest->word, name);

	if (distance < nearest->distance) {
		nearest->distance = distance;
		nearest->best = name;
	}
}

bool nearest_is_close(const struct nearest *nearest)
{
	return nearest->distance <= 1 + nearest->word.len / 4;
}
