#include "decode/memory/page_site.h"

#include <stdio.h>

#include "base/reader.h"

enum {
	HOLDERS_MOST = 1 << 20,
	HOST_MOST = 253,
	BUFFER_MOST = 4096, /* of Firefox's texts */
	BUFFER_HEADER = 8,  /* holders, bytes; u32 each */
	BUFFER_STEP = 16,   /* what allocators align to */
	/* That of the process itself is kept in two places that share it; that of a page which
	 * began a load, in a frame's process, in one. */
	BUFFER_HOLDERS = 2,
};

/* Of a text or a record; the empty text is a constant, which is aligned to four bytes alone. */
static bool is_address(uint64_t word)
{
	return word >= 65536 && word < UINT64_C(1) << 47 && word % 4 == 0;
}

/* Two words of chance: no number, no address, and not what memory is filled with. */
static bool is_cluster(uint64_t high, uint64_t low)
{
	return high >> 48 != 0 && low >> 48 != 0 && high != low;
}

/* A bool of C++: another byte than these two is none. */
static bool read_flag(struct reader *in, bool *out)
{
	uint8_t byte;

	if (!read_u8(in, &byte) || byte > 1)
		return false;
	*out = byte == 1;
	return true;
}

bool origin_record_read(struct str bytes, struct origin_record *out)
{
	struct reader in = reader_of(bytes);
	uint64_t domain, high, low;
	uint32_t holders;
	bool privileges[4];

	*out = (struct origin_record){0};
	if (!read_le32(&in, &holders) || holders == 0 || holders > HOLDERS_MOST ||
	    !read_skip(&in, 4) || !read_le64(&in, &out->scheme) || !is_address(out->scheme) ||
	    !read_le64(&in, &out->host) || !is_address(out->host) || !read_le64(&in, &domain) ||
	    !is_address(domain) || !read_le16(&in, &out->port) || !read_skip(&in, 6 + 16) ||
	    !read_flag(&in, &out->is_opaque) || !read_skip(&in, 7))
		return false;
	for (size_t i = 0; i < sizeof(privileges) / sizeof(*privileges); i++)
		if (!read_flag(&in, &privileges[i]))
			return false;
	if (!read_skip(&in, 4) || !read_le64(&in, &high) || !read_le64(&in, &low) ||
	    !read_le64(&in, &out->precursor))
		return false;
	out->is_at_work = is_cluster(high, low);
	if (!out->is_opaque)
		return out->precursor == 0;
	return out->scheme == out->host && (out->precursor == 0 || is_address(out->precursor));
}

bool origin_record_next(struct str bytes, size_t end, size_t *at, struct origin_record *out)
{
	while (*at < end && *at < bytes.len) {
		struct str rest = str_sub(bytes, *at, ORIGIN_RECORD_BYTES);
		*at += sizeof(uint64_t);
		if (origin_record_read(rest, out) && out->is_at_work)
			return true;
	}
	return false;
}

/* What the canonical form of an address has; no separator, blank or control character. */
static bool is_plain(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (c <= ' ' || c >= 0x7f || c == '/' || c == '?' || c == '#' || c == '@' ||
		    c == '\\')
			return false;
	}
	return true;
}

bool origin_text_read(struct str bytes, struct str *out)
{
	struct reader in = reader_of(bytes);
	uint32_t holders, len, flags;

	return read_le32(&in, &holders) && holders > 0 && read_le32(&in, &len) &&
	       len <= HOST_MOST && read_le32(&in, &flags) && read_span(&in, len, out) &&
	       is_plain(*out);
}

/* "mine.example:8080" */
static bool cut_port(struct str *host, uint16_t *port)
{
	size_t digits = 0;
	uint64_t number = 0;

	while (digits < host->len && host->at[host->len - digits - 1] >= '0' &&
	       host->at[host->len - digits - 1] <= '9')
		digits++;
	size_t before = host->len - digits;
	if (digits == 0 || before == 0 || host->at[before - 1] != ':')
		return true;
	if (!str_to_u64(str_skip(*host, before), &number) || number > UINT16_MAX)
		return false;
	*port = (uint16_t)number;
	*host = str_sub(*host, 0, before - 1);
	return true;
}

/* "https://mine.example^userContextId=1", and the NUL that ends it in its buffer. */
static bool read_site(struct str text, struct page_origin *out)
{
	struct str tail;

	if (!str_cut(text, '\0', &text, &tail))
		return false;
	(void)str_cut(text, '^', &text, &tail);
	ptrdiff_t at = str_find(text, STR("://"));
	if (at < 0)
		return false;
	out->scheme = str_sub(text, 0, (size_t)at);
	out->host = str_skip(text, (size_t)at + 3);
	return cut_port(&out->host, &out->port) && out->host.len > 0 && is_plain(out->host);
}

static bool read_remote_type(struct str bytes, struct page_origin *out)
{
	static const struct str words[] = {STR("webIsolated="), STR("webCOOP+COEP="),
					   STR("webServiceWorker=")};
	struct reader in = reader_of(bytes);
	uint32_t holders, size;

	*out = (struct page_origin){0};
	if (bytes.len <= BUFFER_HEADER || bytes.at[BUFFER_HEADER] != 'w' ||
	    !read_le32(&in, &holders) || holders < BUFFER_HOLDERS || holders > HOLDERS_MOST ||
	    !read_le32(&in, &size) || size > BUFFER_MOST)
		return false;
	struct str text = str_sub(reader_rest(&in), 0, size);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_starts(text, words[i]))
			return read_site(str_skip(text, words[i].len), out);
	return false;
}

bool remote_type_next(struct str bytes, size_t end, size_t *at, struct page_origin *out)
{
	while (*at < end && *at < bytes.len) {
		struct str rest = str_sub(bytes, *at, PAGE_SITE_REACH);
		*at += BUFFER_STEP;
		if (read_remote_type(rest, out))
			return true;
	}
	return false;
}

/*
 * What runs in a process of each kind. An extension's scripts run in pages of others, too, with a
 * record of the extension; and the browser's own pages are nobody's site.
 */
static const struct {
	struct str scheme;
	enum browser_role role;
	uint16_t port; /* which is not told */
	bool has_host;
} kinds[] = {
	{STR("https"), BROWSER_PAGE, 443, true},
	{STR("http"), BROWSER_PAGE, 80, true},
	{STR("file"), BROWSER_PAGE, 0, false},
	{STR("chrome-extension"), BROWSER_EXTENSION, 0, true},
};

/* Empty: none that is counted. */
static struct str site_text(const struct page_origin *origin, enum browser_role role,
			    char out[PAGE_SITE_TEXT_MAX])
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char port[8] = "";
		if (kinds[i].role != role || !str_equal(origin->scheme, kinds[i].scheme) ||
		    (origin->host.len > 0) != kinds[i].has_host || origin->host.len > HOST_MOST)
			continue;
		if (origin->port != 0 && origin->port != kinds[i].port)
			snprintf(port, sizeof(port), ":%u", origin->port);
		int len = snprintf(out, PAGE_SITE_TEXT_MAX, "%.*s://%.*s%s",
				   STR_ARG(origin->scheme), STR_ARG(origin->host), port);
		return str_of(out, len > 0 && len < PAGE_SITE_TEXT_MAX ? (size_t)len : 0);
	}
	return (struct str){0};
}

/* NULL: there is no room. */
static struct page_site *row_of(struct page_site_rows *rows, struct str text)
{
	for (size_t i = 0; i < rows->count; i++)
		if (str_equal(str_of(rows->at[i].text, rows->at[i].len), text))
			return &rows->at[i];
	if (rows->count == PAGE_SITES_MAX)
		return NULL;
	struct page_site *row = &rows->at[rows->count++];
	*row = (struct page_site){.len = (uint16_t)text.len};
	memcpy(row->text, text.at, text.len);
	return row;
}

void page_sites_add(struct page_site_counts *counts, enum browser_role role,
		    const struct page_origin *origin)
{
	char text[PAGE_SITE_TEXT_MAX];
	struct str site = site_text(origin, role, text);
	struct page_site_rows *rows = origin->is_opaque ? &counts->opaque : &counts->plain;

	if (site.len == 0)
		return;
	struct page_site *row = row_of(rows, site);
	if (!row) {
		rows->is_full = true;
		return;
	}
	row->is_opaque = origin->is_opaque;
	row->records++;
}

void page_sites_judge(const struct page_site_counts *counts, struct page_sites *out)
{
	const struct page_site_rows *rows =
		counts->plain.count > 0 ? &counts->plain : &counts->opaque;

	*out = (struct page_sites){.total = rows->count,
				   .is_clear =
					   rows->count == 1 && !rows->is_full && !counts->is_cut};
	for (size_t i = 0; i < rows->count; i++) {
		size_t at = out->count;
		if (out->count < PAGE_SITES_TOLD)
			out->count++;
		else if (out->at[--at].records >= rows->at[i].records)
			continue;
		for (; at > 0 && out->at[at - 1].records < rows->at[i].records; at--)
			out->at[at] = out->at[at - 1];
		out->at[at] = rows->at[i];
	}
}
