/*
 * Whose page it is, by what the browser itself wrote of that into the page's process.
 *
 * Addresses stand by the thousand in a page's memory, those of links, images and neighbours among
 * them, and a page can write any text, with any length before it. So texts are not counted. What is
 * read is what a page has no hand in:
 *
 * Chromium keeps an origin as an object: how many hold it, and then, by their addresses, texts of
 * scheme and host. One that a document or a worker of this very process has also has the number of
 * their cluster, 128 bits of chance; those of links, scripts, requests, and of frames that another
 * process runs have none. A page cannot make such an object in its own arrays, since it knows the
 * address of nothing. Firefox tells a process of pages in words what it is for: "webIsolated=" and
 * the site, a text that several hold; that of a page which only began a load is held by one.
 *
 * Of an address nothing is kept but scheme, host and port.
 *
 * source: Chromium third_party/blink/renderer/platform/weborigin/security_origin.h (since 2020) and
 * wtf/text/string_impl.h; Firefox dom/ipc/ContentChild.cpp and xpcom/string/nsStringBuffer.h; both
 * looked at in memory, on Debian 12
 */
#ifndef DAVY_DECODE_MEMORY_PAGE_SITE_H
#define DAVY_DECODE_MEMORY_PAGE_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "model/browser.h"

enum {
	PAGE_SITES_MAX = 32,	   /* told apart */
	PAGE_SITE_REACH = 384,	   /* nothing is longer: no record, nor a text with its header */
	ORIGIN_RECORD_BYTES = 96,  /* of Chromium's, as far as it is read */
	ORIGIN_TEXT_BYTES = 8 * 34 /* of a scheme or host with its header, at the most */
};

struct page_origin {
	struct str scheme, host; /* views */
	uint16_t port;		 /* 0: the scheme's own */
	bool is_opaque;		 /* in a sandbox, kept from its own site */
};

/* -- Chromium -- */

/* Addresses; whoever reads the memory looks up what stands there. */
struct origin_record {
	uint64_t scheme, host;
	uint64_t precursor; /* of an opaque one: the record of what it is of; 0: there is none */
	uint16_t port;
	bool is_opaque;	 /* has neither scheme nor host */
	bool is_at_work; /* a document or worker of this process has it */
};

/* The one that begins here, if one does. */
bool origin_record_read(struct str bytes, struct origin_record *out);

/*
 * The next that is at work, in a piece of memory.
 *
 * bytes:   begin at an address that is a multiple of 8; may end anywhere
 * end:     what begins from here on is left for the next piece
 * at:      where to begin; is moved behind the beginning of what was found
 * returns: false when there is none any more
 */
bool origin_record_next(struct str bytes, size_t end, size_t *at, struct origin_record *out);

/*
 * A text of Chromium's: header, then characters.
 *
 * bytes:   from its address on, of any length
 * returns: false when it is none, is cut, or has what schemes and hosts do not have
 */
bool origin_text_read(struct str bytes, struct str *out);

/* -- Firefox -- */

/* What the process is for, as origin_record_next; bytes begin at a multiple of 16. */
bool remote_type_next(struct str bytes, size_t end, size_t *at, struct page_origin *out);

/* -- what was found -- */

struct page_site_rows {
	struct page_site at[PAGE_SITES_MAX]; /* in no order */
	size_t count;
	bool is_full; /* there were more */
};

/* Zeroed is ready. */
struct page_site_counts {
	struct page_site_rows plain, opaque;
	bool is_cut; /* set by whoever reads: not all was looked at */
};

/* Count one; what is no site, or of another kind than this process's, is passed over. */
void page_sites_add(struct page_site_counts *counts, enum browser_role role,
		    const struct page_origin *origin);

/*
 * Those with most records; clear, when there is but one and all was looked at.
 *
 * What is opaque counts only where nothing else is: beside a page's own documents there are those
 * that say that a frame of another site could not be loaded, opaque and of that site.
 */
void page_sites_judge(const struct page_site_counts *counts, struct page_sites *out);

#endif
