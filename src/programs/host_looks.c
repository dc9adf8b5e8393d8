#include "programs/host_looks.h"

#include "programs/host.h"
#include "source/host/opener.h"

static struct host_look_asked *asked_of(struct host_looks *looks, uint32_t pid)
{
	for (size_t i = 0; i < HOST_LOOKS_AT_ONCE; i++)
		if (looks->asked[i].is_used && looks->asked[i].due.process.pid == pid)
			return &looks->asked[i];
	return NULL;
}

void host_looks_ask(struct host_looks *looks, struct channel *channel,
		    const struct workload_due *due, instant now)
{
	const struct opener_request request = {due->process.pid, looks->files};

	if (asked_of(looks, due->process.pid))
		return;
	for (size_t i = 0; i < HOST_LOOKS_AT_ONCE; i++) {
		if (looks->asked[i].is_used)
			continue;
		looks->asked[i] = (struct host_look_asked){*due, now, true};
		if (channel_tell(channel, HOST_OPEN, str_of(&request, sizeof(request))) != 0)
			looks->asked[i].is_used = false;
		return;
	}
}

void host_looks_forget_late(struct host_looks *looks, instant now)
{
	for (size_t i = 0; i < HOST_LOOKS_AT_ONCE; i++)
		if (instant_since(now, looks->asked[i].asked).ns >
		    DURATION_S(HOST_ANSWER_LATE_S).ns)
			looks->asked[i].is_used = false;
}

bool host_looks_has_places(const struct host_looks *looks, size_t wanted)
{
	size_t free = 0;

	for (size_t i = 0; i < HOST_LOOKS_AT_ONCE; i++)
		free += !looks->asked[i].is_used;
	return free >= wanted;
}

bool host_looks_answered(struct host_looks *looks, uint32_t pid, struct workload_due *due)
{
	struct host_look_asked *asked = asked_of(looks, pid);

	if (!asked)
		return false;
	asked->is_used = false;
	*due = asked->due;
	return true;
}

void host_looks_keep_suspect(struct host_looks *looks, const struct workload_due *due)
{
	for (size_t i = 0; i < looks->suspect_count; i++)
		if (process_key_agrees(&looks->suspects[i].process, &due->process)) {
			looks->suspects[i] = *due;
			return;
		}
	looks->suspects[looks->next_suspect] = *due;
	looks->next_suspect = (looks->next_suspect + 1) % HOST_SUSPECTS_KEPT;
	looks->suspect_count += looks->suspect_count < HOST_SUSPECTS_KEPT;
}

void host_looks_ask_suspects(struct host_looks *looks, struct channel *channel, instant now)
{
	for (size_t i = 0; i < looks->suspect_count; i++)
		host_looks_ask(looks, channel, &looks->suspects[i], now);
}
