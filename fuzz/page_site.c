/*
 * decode/memory/page_site: any bytes as a page's memory, which lies at 65536, for both browsers;
 * the records' addresses are followed within it. Whatever is found must be of a few plain
 * characters.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "decode/memory/page_site.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static const uint64_t base = 65536;

static struct str memory_at(struct str memory, uint64_t address)
{
	return address >= base ? str_skip(memory, address - base) : (struct str){0};
}

static void read_chromium(struct str memory, size_t end, struct page_site_counts *counts)
{
	struct origin_record record;

	for (size_t i = 0; origin_record_next(memory, end, &i, &record);) {
		struct page_origin origin = {.is_opaque = record.is_opaque};
		assert(i % 8 == 0 && i < end + 8 && record.is_at_work);
		if (record.is_opaque &&
		    !origin_record_read(memory_at(memory, record.precursor), &record))
			continue;
		origin.port = record.port;
		if (origin_text_read(memory_at(memory, record.scheme), &origin.scheme) &&
		    origin_text_read(memory_at(memory, record.host), &origin.host))
			page_sites_add(counts, (enum browser_role)(i / 8 % 3), &origin);
	}
}

static void check(const struct page_sites *sites)
{
	assert(sites->count <= PAGE_SITES_TOLD && sites->count <= sites->total);
	assert(!sites->is_clear || sites->total == 1);
	for (size_t i = 0; i < sites->count; i++) {
		const struct page_site *site = &sites->at[i];
		struct str text = str_of(site->text, site->len);
		assert(site->records > 0 && site->len <= PAGE_SITE_TEXT_MAX);
		assert(str_find(text, STR("://")) > 0);
		for (size_t k = 0; k < text.len; k++)
			assert(text.at[k] > ' ' && text.at[k] < 0x7f && text.at[k] != '@');
		assert(i == 0 || sites->at[i - 1].records >= site->records);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct page_site_counts counts[2] = {0};
	struct page_sites sites;
	struct page_origin origin;

	if (len == 0)
		return 0;
	/* in a block of its own, so that a read past its end is seen; the last byte says what is
	 * left for another piece */
	size_t end = at[len - 1] % 2 ? len - 1 : len / 2;
	char *own = malloc(len);
	assert(own);
	memcpy(own, at, --len);
	struct str memory = str_of(own, len);
	read_chromium(memory, end, &counts[0]);
	for (size_t i = 0; remote_type_next(memory, end, &i, &origin);)
		page_sites_add(&counts[1], BROWSER_PAGE, &origin);
	for (size_t i = 0; i < 2; i++) {
		page_sites_judge(&counts[i], &sites);
		check(&sites);
	}
	free(own);
	return 0;
}
