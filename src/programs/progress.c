#include "programs/progress.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR_WIDTH = 24, REDRAW_MS = 200, PATIENCE_MS = 500 };

void progress_begin(struct progress *progress, uint64_t total_bytes, instant now)
{
	*progress = (struct progress){.is_shown = isatty(STDERR_FILENO) && total_bytes > 0,
				      .total_bytes = total_bytes,
				      .started = now};
}

void progress_draw(struct progress *progress, uint64_t done_bytes, instant now)
{
	duration running = instant_since(now, progress->started);

	if (!progress->is_shown || running.ns < DURATION_MS(PATIENCE_MS).ns ||
	    instant_since(now, progress->drawn).ns < DURATION_MS(REDRAW_MS).ns)
		return;
	progress->drawn = now;
	double share = (double)done_bytes / (double)progress->total_bytes;
	double rate = (double)done_bytes / duration_seconds(running);
	int filled = share >= 1 ? BAR_WIDTH : (int)(share * BAR_WIDTH);
	fprintf(stderr, "\r\033[K[");
	for (int i = 0; i < BAR_WIDTH; i++)
		fputc(i < filled ? '#' : ' ', stderr);
	fprintf(stderr, "] %3.0f %%  %.1f MB/s", share * 100, rate / 1e6);
	if (rate > 0 && share < 1)
		fprintf(stderr, "  %.0f s left",
			(double)(progress->total_bytes - done_bytes) / rate);
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->is_shown && progress->drawn.ns != 0)
		fprintf(stderr, "\r\033[K");
	progress->is_shown = false;
}
