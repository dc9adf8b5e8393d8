/* For the harnesses of messages: what must hold of every mining message. */
#ifndef DAVY_FUZZ_SAID_H
#define DAVY_FUZZ_SAID_H

#include <math.h>

#include "model/mining_message.h"
#include "pieces.h"

static inline void touch(struct str text)
{
	static volatile char sink;

	for (size_t i = 0; i < text.len; i++)
		sink = (char)(sink ^ text.at[i]);
}

/* Every text can be read (the sanitizer watches), and every number is one. */
static inline void check_said(const struct mining_message *m)
{
	const struct str texts[] = {m->login,  m->worker,    m->agent, m->algorithm, m->pool_host,
				    m->job_id, m->seed_hash, m->error, m->target};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		touch(texts[i]);
	assert(m->act < ACT_COUNT && m->answers < ACT_COUNT);
	assert((m->dialects & ~DIALECTS_ALL) == 0);
	assert(isfinite(m->difficulty) && m->difficulty >= 0);
	assert(isfinite(m->hashrate_per_s) && m->hashrate_per_s >= 0);
}

#endif
