/*
 * Rings and their fan-out between workers: on the running kernel, in a
 * namespace of our own. Settings are scaled to milliseconds, so nothing here waits long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "probe.h"

enum { WORKERS = 3 };

/* -- rings -- */

static void frames_arrive_as_they_were_sent(void **state)
{
	struct ring_settings settings = settings_for("live1");
	struct probe probe;
	struct frame_plan plan = flow(1000), cases[3] = {plan, plan, plan};
	int sender = frame_sender("live0");
	time_t before = time(NULL);

	cases[1].vlan = 0x6005; /* with a priority */
	cases[2].vxlan_port = 50000;
	cases[2].payload_len = 100;
	probe_open(&probe, &settings);
	for (size_t i = 0; i < 3; i++) {
		uint8_t sent[FRAME_MAX];
		size_t len = frame_build(&cases[i], sent);
		struct frame frame;
		int64_t start = now_ms();

		assert_int_equal(send(sender, sent, len, 0), len);
		assert_int_equal(take(&probe, 1, 2000, &frame), 1);
		assert_in_range(now_ms() - start, 0, 100);
		assert_int_equal(frame.link, 1);
		assert_int_equal(frame.wire_len, len);
		assert_int_equal(frame.bytes.len, len);
		assert_memory_equal(frame.bytes.at, sent, len);
		assert_in_range(frame.at.ns / 1000000000, before, before + 60);
	}
	close(sender);
	probe_close(&probe);
}

/* All interfaces at once: no MAC header, but a cooked one, with the tag behind it. */
static void the_ring_on_everything_is_cooked(void **state)
{
	struct ring_settings settings = {.retire_ms = RETIRE_MS, .block_count = 4};
	struct probe probe;
	struct frame_plan plan = flow(1001);
	int sender = frame_sender("live0");
	struct frame frame;
	bool is_seen_coming_in = false;

	plan.vlan = 7;
	probe_open(&probe, &settings);
	assert_true(frame_send(sender, &plan));
	for (int i = 0; i < 2 && !is_seen_coming_in;
	     i++) { /* going out of one, coming into the other */
		assert_int_equal(take(&probe, 1, 2000, &frame), 1);
		assert_int_equal(frame.link, 113);
		is_seen_coming_in = frame.bytes.at[1] != PACKET_OUTGOING;
	}
	assert_true(is_seen_coming_in);
	assert_int_equal(frame.bytes.len, 16 + 4 + 40 + BULK);
	assert_memory_equal(frame.bytes.at + 14, "\x81\0\0\7\x8\0\x45", 7);
	close(sender);
	probe_close(&probe);
}

static void loopback_is_seen_once(void **state)
{
	struct ring_settings one = {.interface = (int)if_nametoindex("lo"),
				    .hardware_type = ARPHRD_LOOPBACK,
				    .block_count = 4,
				    .retire_ms = RETIRE_MS};
	struct ring_settings all = {.retire_ms = RETIRE_MS, .block_count = 4};
	struct probe on_loopback, on_everything;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	int out = socket(AF_INET, SOCK_DGRAM, 0);
	struct frame frame;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	probe_open(&on_loopback, &one);
	probe_open(&on_everything, &all);
	assert_int_equal(sendto(out, "once", 4, 0, (void *)&to, sizeof(to)), 4);
	unsigned seen = 0, seen_by_all = 0;
	struct pollfd ready = {.fd = on_loopback.socket.fd, .events = POLLIN};
	while (poll(&ready, 1, RETIRE_MS * 6) > 0)
		while (ring_next(&on_loopback.ring, &frame))
			seen += frame.bytes.len == 46 && frame.bytes.at[23] == 17;
	ready.fd = on_everything.socket.fd;
	while (poll(&ready, 1, RETIRE_MS * 6) > 0)
		while (ring_next(&on_everything.ring, &frame))
			seen_by_all += frame.bytes.len == 48 && frame.bytes.at[16 + 9] == 17;
	assert_int_equal(seen, 1);
	assert_int_equal(seen_by_all, 1);
	close(out);
	probe_close(&on_loopback);
	probe_close(&on_everything);
}

/* A device without MAC header: frames are raw IP, and the filter's other entry point is at work. */
static void a_tunnel_device_gives_raw_ip(void **state)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI, .ifr_name = "rawtun"};
	int tun = open("/dev/net/tun", O_RDWR);

	if (tun < 0 || ioctl(tun, TUNSETIFF, &request)) {
		printf("# skipped: no tun device here\n");
		return;
	}
	assert_true(namespace_ip("link set rawtun up"));
	struct cutoff_settings cutoff = cutoff_settings_default();
	struct cutoff_filter *filter;
	struct error why = {""};
	if (cutoff_filter_open(&cutoff, 100, &filter, &why))
		fail_msg("%s", why.text);
	struct ring_settings settings = {.interface = (int)if_nametoindex("rawtun"),
					 .hardware_type = ARPHRD_NONE,
					 .block_count = 4,
					 .retire_ms = RETIRE_MS,
					 .filter = filter};
	struct probe probe;
	struct frame frame;
	uint8_t sent[FRAME_MAX];
	struct frame_plan plan = flow(1002);
	struct endpoint from = {address_v4(plan.from), plan.from_port};
	struct endpoint to = {address_v4(plan.to), plan.to_port};
	struct cutoff_key key = cutoff_key_of(&from, &to, 6);
	ssize_t len = (ssize_t)frame_build(&plan, sent) - 14;

	probe_open(&probe, &settings);
	assert_int_equal(write(tun, sent + 14, (size_t)len), len);
	assert_int_equal(take(&probe, 1, 2000, &frame), 1);
	assert_int_equal(frame.link, 101);
	assert_memory_equal(frame.bytes.at, sent + 14, (size_t)len);
	assert_int_equal(cutoff_map_cut(cutoff_filter_map(filter), &key, &cutoff), 0);
	assert_int_equal(write(tun, sent + 14, (size_t)len), len);
	assert_int_equal(take_all(&probe), 0);
	probe_close(&probe);
	cutoff_filter_close(filter);
	close(tun);
}

static void drops_are_counted(void **state)
{
	enum { SENT = 1000 };
	struct ring_settings settings = settings_for("live1");
	struct probe probe;
	struct frame_plan plan = flow(1003);
	struct ring_counters counters = {0};
	int sender = frame_sender("live0");

	settings.block_size = 64 * 1024;
	settings.block_count = 2;
	probe_open(&probe, &settings);
	send_many(sender, &plan, SENT);
	assert_int_equal(ring_count(probe.socket.fd, &counters), 0);
	assert_true(counters.dropped > SENT / 2);
	assert_int_equal(counters.received + counters.dropped, SENT);
	uint64_t dropped = counters.dropped;
	assert_int_equal(take_all(&probe), SENT - dropped);
	assert_int_equal(ring_count(probe.socket.fd, &counters), 0); /* adds up, not twice */
	assert_int_equal(counters.dropped, dropped);
	send_many(sender, &plan, 5); /* and the ring goes on */
	assert_int_equal(take_all(&probe), 5);
	close(sender);
	probe_close(&probe);
}

/* A reader dies inside a block: its successor begins after that block and misses nothing else. */
static void a_successor_skips_what_killed(void **state)
{
	struct ring_settings settings = settings_for("live1");
	struct probe probe, heir;
	struct frame_plan plan = flow(1004);
	int sender = frame_sender("live0");
	struct frame frame;
	struct error why;

	probe_open(&probe, &settings);
	for (int turn = 0; turn < 5; turn++) { /* somewhere in the ring's middle */
		send_many(sender, &plan, 2);
		assert_int_equal(take(&probe, 2, 2000, NULL), 2);
	}
	send_many(sender, &plan, 3);
	assert_int_equal(take(&probe, 1, 2000, &frame), 1); /* holds the block of three */
	ring_unmap(&probe.ring);
	FILE *kept = tmpfile();
	char block[64 * 1024];
	assert_non_null(kept);
	ssize_t len = ring_keep_block(probe.socket.fd, &probe.socket.shape, fileno(kept));
	assert_in_range(len, 3 * (BULK + 54), sizeof(block));
	assert_int_equal(pread(fileno(kept), block, sizeof(block), 0), len);
	assert_non_null(memmem(block, (size_t)len, "\x3\xec\x1\xbb", 4)); /* ports 1004, 443 */
	fclose(kept);
	plan.from_port = 1005;
	send_many(sender, &plan, 4);
	heir = probe;
	assert_int_equal(ring_map(probe.socket.fd, &probe.socket.shape, true, &heir.ring, &why), 0);
	assert_int_equal(heir.ring.lost_start, 1);
	assert_int_equal(take(&heir, 1, 2000, &frame), 1);
	assert_memory_equal(frame.bytes.at + 34, "\3\xed", 2); /* port 1005 */
	assert_int_equal(take_all(&heir), 3);
	/* Nothing pending: the successor waits where the kernel writes next. */
	ring_unmap(&heir.ring);
	assert_int_equal(ring_map(probe.socket.fd, &probe.socket.shape, true, &heir.ring, &why), 0);
	assert_int_equal(heir.ring.lost_start, 0);
	send_many(sender, &plan, 6);
	assert_int_equal(take_all(&heir), 6);
	close(sender);
	probe_close(&heir);
}

/* -- fan-out -- */

static void open_group(struct probe taps[WORKERS], struct ring_group *group, const char *interface)
{
	struct ring_settings settings = settings_for(interface);

	settings.group = group;
	for (int i = 0; i < WORKERS; i++)
		probe_open(&taps[i], &settings);
}

/* The one worker that got a frame, and only one did. */
static int who_got_it(struct probe taps[WORKERS])
{
	struct pollfd ready[WORKERS];
	int who = -1;

	for (int i = 0; i < WORKERS; i++)
		ready[i] = (struct pollfd){.fd = taps[i].socket.fd, .events = POLLIN};
	poll(ready, WORKERS, 2000);
	for (int i = 0; i < WORKERS; i++) {
		size_t count = take(&taps[i], SIZE_MAX, 0, NULL);
		if (count) {
			assert_int_equal(count, 1);
			assert_int_equal(who, -1);
			who = i;
		}
	}
	assert_true(who >= 0);
	return who;
}

static void a_flow_meets_one_worker(void **state)
{
	struct fanout_program *program;
	struct error why = {""};
	struct probe in[WORKERS], out[WORKERS];
	unsigned load[WORKERS] = {0};

	if (fanout_program_open(12345, &program, &why))
		fail_msg("%s", why.text);
	struct ring_group in_group = {.program = program}, out_group = {.program = program};
	open_group(in, &in_group, "live1");
	open_group(out, &out_group, "live0");
	assert_int_equal(in_group.kind, PACKET_FANOUT_EBPF);
	int sender = frame_sender("live0");
	for (uint16_t port = 2000; port < 2024; port++) {
		struct frame_plan there = flow(port);
		there.payload_len = 100;
		struct frame_plan back = frame_back(there), tunnel_there = there,
				  tunnel_back = back, tagged = back;
		tunnel_there.vxlan_port = (uint16_t)(port * 3);
		tunnel_back.vxlan_port = (uint16_t)(port * 5);
		tagged.vlan = 5;
		const struct frame_plan *all[] = {&there, &back, &tunnel_there, &tunnel_back,
						  &tagged};
		int who = -1;
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
			assert_true(frame_send(sender, all[i]));
			int coming = who_got_it(in), going = who_got_it(out);
			if (who < 0)
				who = coming;
			assert_int_equal(coming, who);
			assert_int_equal(going, who);
		}
		load[who]++;
	}
	for (int i = 0; i < WORKERS; i++)
		assert_true(load[i] > 0);
	close(sender);
	for (int i = 0; i < WORKERS; i++) {
		probe_close(&in[i]);
		probe_close(&out[i]);
	}
	fanout_program_close(program);
}

static void without_the_program_the_kernels_hash_is_used(void **state)
{
	struct probe taps[WORKERS];
	struct ring_group group = {0};
	int sender = frame_sender("live0");

	open_group(taps, &group, "live1");
	assert_int_equal(group.kind, PACKET_FANOUT_HASH);
	for (uint16_t port = 2000; port < 2010; port++) {
		struct frame_plan there = flow(port), back = frame_back(there);
		assert_true(frame_send(sender, &there));
		int who = who_got_it(taps);
		assert_true(frame_send(sender, &back));
		assert_int_equal(who_got_it(taps), who);
	}
	close(sender);
	for (int i = 0; i < WORKERS; i++)
		probe_close(&taps[i]);
}

static void failures_have_a_sentence(void **state)
{
	struct ring_settings settings = settings_for("live1");
	struct ring_socket ring;
	struct error why = {""};

	settings.interface = 9999;
	assert_int_equal(ring_open(&settings, &ring, &why), -ENODEV);
	assert_non_null(strstr(why.text, "interface 9999"));
	assert_int_equal(ring.fd, -1);
	settings = settings_for("live1");
	settings.block_size = 12345;
	assert_int_equal(ring_open(&settings, &ring, &why), -EINVAL);
	assert_non_null(strstr(why.text, "12345"));
}

int main(void)
{
	if (!enter_namespace())
		return 0;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_arrive_as_they_were_sent),
		cmocka_unit_test(the_ring_on_everything_is_cooked),
		cmocka_unit_test(loopback_is_seen_once),
		cmocka_unit_test(a_tunnel_device_gives_raw_ip),
		cmocka_unit_test(drops_are_counted),
		cmocka_unit_test(a_successor_skips_what_killed),
		cmocka_unit_test(a_flow_meets_one_worker),
		cmocka_unit_test(without_the_program_the_kernels_hash_is_used),
		cmocka_unit_test(failures_have_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
