/*
 * A page that mines: its workers compute without end while the page itself stands still, in code
 * that came with the page, over pads of noise in the memory of its modules.
 *
 * What the code is, detect/code_shape says; here is what only a browser's page has.
 */
#include <inttypes.h>

#include "decode/constants/constants.h"
#include "decode/memory/pads.h"
#include "detect/host_room.h"
#include "detect/shares.h"

enum {
	STEPS_LEAST = 6,
	SAMPLES_LEAST = 30, /* of the page's process: 6 s at full speed, 20 s at 30 % of a core */
	BIN_SAMPLES = 5,
	WORKER_LEAST = 10, /* per cent of the process's work, for a thread to count as busy */
};

static const double idle_most = 0.1, steady_least = 0.8, generated_least = 0.8;

struct page {
	double share, seconds, steady;
	double main_part, generated;
	uint32_t workers; /* busy threads other than the page's own */
};

/* Bins long enough for some samples each, as in detect/rhythm, but of this page alone: all pages of
 * a browser run one program. */
static void judge_steadiness(const struct workload *w, struct page *page)
{
	double step_s = duration_seconds(w->share_step);
	size_t count = w->own_share_count, busy = 0;

	page->share = shares_mean(w->own_shares, count);
	page->seconds = (double)count * step_s;
	if (page->share * w->sample_hz * page->seconds < SAMPLES_LEAST || count < STEPS_LEAST)
		return;
	double steps = BIN_SAMPLES / (page->share * w->sample_hz * step_s);
	size_t bin = steps < 1 ? 1 : (size_t)(steps + 0.999), bins = count / bin;
	for (size_t i = 0; i < bins; i++)
		busy += shares_mean(w->own_shares + count - (i + 1) * bin, bin) >= page->share / 3;
	page->steady = bins > 0 ? (double)busy / (double)bins : 0;
}

static struct page page_of(const struct workload *w)
{
	struct page page = {0};
	uint64_t all = 0, generated = 0;

	judge_steadiness(w, &page);
	for (size_t i = 0; i < w->thread_count; i++) {
		bool is_main = w->threads[i].thread == w->process->key.pid;
		if (is_main)
			page.main_part += w->threads[i].part;
		else
			page.workers += w->threads[i].part * 100 >= WORKER_LEAST;
	}
	for (size_t i = 0; i < w->page_count; i++) {
		all += w->pages[i].samples;
		generated += w->pages[i].is_anonymous ? w->pages[i].samples : 0;
	}
	page.generated = all > 0 ? (double)generated / (double)all : 0;
	return page;
}

/* A page that shows something has its own thread at work; one that mines leaves it to workers. */
static void judge_workers(const struct workload *w, const struct page *page, struct arena *scratch,
			  struct signs *out)
{
	if (page->steady < steady_least || page->workers == 0 || page->main_part > idle_most)
		return;
	struct str share = share_text(scratch, page->share);
	bool is_strong = page->generated >= generated_least;
	signs_add(out,
		  (struct sign){
			  .family = FAMILY_RHYTHM,
			  .weight = is_strong ? SIGN_STRONG : SIGN_SUPPORTS,
			  .strength = page->seconds >= 30 ? 0.85 : 0.75,
			  .detector = "browser_tab",
			  .reason = arena_printf(
				  scratch,
				  "%" PRIu32 " worker%s of a page compute%s on and on (%.*s over "
				  "%.0f s) while the page itself does nothing%s",
				  page->workers, page->workers == 1 ? "" : "s",
				  page->workers == 1 ? "s" : "", STR_ARG(share), page->seconds,
				  is_strong ? ", in code that the page brought" : ""),
		  });
}

static const struct mapping *module_at(const struct workload *w, uint64_t address)
{
	for (size_t i = 0; i < w->mapping_count; i++)
		if (address >= w->mappings[i].start && address < w->mappings[i].end)
			return memory_is_walled(w->mappings, w->mapping_count, i) ? &w->mappings[i]
										  : NULL;
	return NULL;
}

static bool has_tables(const struct workload *w)
{
	for (size_t i = 0; i < w->constant_count; i++)
		if (w->constants[i].kind == CONSTANT_TABLE && module_at(w, w->constants[i].address))
			return true;
	return false;
}

static struct str quote_pads(const struct workload *w, struct arena *scratch)
{
	struct str text = {0};

	for (size_t i = 0; i < w->pad_count && i < 4; i++) {
		const struct mapping *m = module_at(w, w->pads[i].address);
		struct str one = m ? arena_printf(scratch,
						  "%" PRIu64 " KiB of noise at %" PRIx64
						  ", in a module's memory of %" PRIu64 " KiB",
						  w->pads[i].bytes / 1024, w->pads[i].address,
						  (m->end - m->start) / 1024)
				   : arena_printf(scratch, "%" PRIu64 " KiB of noise at %" PRIx64,
						  w->pads[i].bytes / 1024, w->pads[i].address);
		text = i == 0 ? one
			      : arena_printf(scratch, "%.*s; %.*s", STR_ARG(text), STR_ARG(one));
	}
	return text;
}

/*
 * Noise of just that size which is written again and again. A page that enciphers files has it for
 * a moment, and one that holds something packed of that size never writes it again.
 */
static void judge_pads(const struct workload *w, struct arena *scratch, struct signs *out)
{
	size_t in_modules = 0;

	for (size_t i = 0; i < w->pad_count; i++)
		in_modules += module_at(w, w->pads[i].address) != NULL;
	if (w->pad_count == 0)
		return;
	bool is_strong = w->pads_were_rewritten && in_modules > 0;
	signs_add(out,
		  (struct sign){
			  .family = FAMILY_MEMORY,
			  .weight = is_strong ? SIGN_STRONG : SIGN_SUPPORTS,
			  .strength = !is_strong      ? 0.3
				      : has_tables(w) ? 0.8
						      : 0.7,
			  .detector = "browser_tab",
			  .reason = arena_printf(
				  scratch,
				  "its memory has %zu block%s of noise of a size that "
				  "CryptoNight's pads "
				  "have%s%s",
				  w->pad_count, w->pad_count == 1 ? "" : "s",
				  w->pads_were_rewritten ? ", written anew between two looks" : "",
				  has_tables(w) ? ", beside the tables of AES" : ""),
			  .quote = quote_pads(w, scratch),
		  });
}

static void judge(const struct workload *workload, struct arena *scratch, struct signs *out)
{
	if (!workload->browser || !workload->process)
		return;
	const struct page page = page_of(workload);
	judge_workers(workload, &page, scratch, out);
	judge_pads(workload, scratch, out);
}

extern const struct host_room browser_tab_room;
const struct host_room browser_tab_room = {
	.name = "browser_tab",
	.summary = "Pages of a browser whose workers compute on and on, over pads of noise",
	.judge = judge,
	.is_asked_last = true,
};
