#include "probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void probe_open(struct probe *probe, const struct ring_settings *settings)
{
	struct error why = {""};

	if (ring_open(settings, &probe->socket, &why) ||
	    ring_map(probe->socket.fd, &probe->socket.shape, false, &probe->ring, &why))
		fail_msg("%s", why.text);
}

void probe_close(struct probe *probe)
{
	ring_unmap(&probe->ring);
	close(probe->socket.fd);
}

struct ring_settings settings_for(const char *interface)
{
	return (struct ring_settings){.interface = (int)if_nametoindex(interface),
				      .hardware_type = ARPHRD_ETHER,
				      .block_size = 256 * 1024,
				      .block_count = 8,
				      .retire_ms = RETIRE_MS,
				      .is_promiscuous = true};
}

size_t take(struct probe *probe, size_t most, int quiet_ms, struct frame *last)
{
	struct pollfd ready = {.fd = probe->socket.fd, .events = POLLIN};
	struct frame frame;
	size_t count = 0;

	for (;;) {
		while (count < most && ring_next(&probe->ring, &frame)) {
			bool is_cooked = frame.link == 113;
			if (!is_cooked && frame.link == 1 &&
			    !frame_is_ours(frame.bytes.at, frame.bytes.len))
				continue;
			count++;
			if (last)
				*last = frame;
		}
		if (count == most || poll(&ready, 1, quiet_ms) <= 0)
			return count;
	}
}

size_t take_all(struct probe *probe)
{
	return take(probe, SIZE_MAX, RETIRE_MS * 6, NULL);
}

static char bulk[BULK]; /* set by enter_namespace */

struct frame_plan flow(uint16_t port)
{
	return (struct frame_plan){.from = 0x0a000001,
				   .to = 0x0a000002,
				   .from_port = port,
				   .to_port = 443,
				   .flags = 0x10,
				   .payload = bulk,
				   .payload_len = BULK};
}

void send_many(int sender, const struct frame_plan *plan, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_true(frame_send(sender, plan));
}

bool enter_namespace(void)
{
	memset(bulk, 0x80, sizeof(bulk));
	if (namespace_enter() && namespace_veth("live0", "live1"))
		return true;
	printf("1..0 # SKIP no network namespace with a veth pair\n");
	return false;
}
