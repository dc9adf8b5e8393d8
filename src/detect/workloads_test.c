#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "detect/workloads.h"

enum { HZ = 49, START_S = 1000 };

struct scene {
	struct workloads *workloads;
	struct arena scratch;
	uint32_t step; /* seconds since START_S */
	double owed[64];
};

static void scene_init(struct scene *s)
{
	const struct workloads_settings settings = {
		.workloads = 64, .processes = 256, .sample_hz = HZ, .seed = 7};

	*s = (struct scene){0};
	assert_int_equal(workloads_new(&settings, &s->workloads), 0);
	assert_int_equal(arena_init(&s->scratch, 64 * 1024), 0);
}

static void scene_fini(struct scene *s)
{
	workloads_free(s->workloads);
	arena_fini(&s->scratch);
}

static instant scene_now(const struct scene *s)
{
	return instant_at(START_S + s->step, 0);
}

/* One second of a process that takes this share of a core, in `pages` pages of code. */
static void run(struct scene *s, uint32_t pid, uint64_t inode, double share, uint32_t pages)
{
	s->owed[pid % 64] += share * HZ;
	for (uint32_t i = 0; s->owed[pid % 64] >= 1; i++) {
		struct processor_sample sample = {
			.at = scene_now(s),
			.process = {.pid = pid, .start_ns = (uint64_t)pid * 1000},
			.thread = pid,
			.cgroup_id = 5,
			.device = 1,
			.inode = inode,
			.ip = 0x7f0000000000 + (uint64_t)(i * 7919 % pages) * 4096 + 64,
		};
		workloads_sample(s->workloads, &sample);
		s->owed[pid % 64]--;
	}
}

static size_t step(struct scene *s, struct workload_due *due, size_t cap)
{
	s->step++;
	workloads_step(s->workloads, scene_now(s));
	return workloads_due(s->workloads, scene_now(s), due, cap);
}

static void any_lasting_share_comes_up(void **state)
{
	static const struct {
		double share;
		uint32_t within_s; /* 0: never within two minutes */
	} rows[] = {{1.0, 1}, {0.5, 1}, {0.05, 6}, {0.02, 17}, {0.01, 35}, {0.001, 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct scene s;
		struct workload_due due[4];
		uint32_t found = 0;

		scene_init(&s);
		while (s.step < 120 && !found) {
			run(&s, 10, 99, rows[i].share, 3);
			if (step(&s, due, 4) > 0)
				found = s.step;
		}
		if (rows[i].within_s == 0 ? found != 0 : found == 0 || found > rows[i].within_s)
			fail_msg("a share of %g came up after %u s", rows[i].share, found);
		if (found)
			assert_int_equal(due[0].process.pid, 10);
		scene_fini(&s);
	}
}

static void many_short_processes_add_up(void **state)
{
	struct scene s;
	struct workload_due due[4];
	size_t count = 0;

	scene_init(&s);
	for (uint32_t i = 0; i < 60; i++) {
		run(&s, 1000 + i, 77, 0.06, 2); /* three samples, and it is gone */
		count = step(&s, due, 4);
		if (i < 59)
			workloads_ended(
				s.workloads,
				&(struct process_key){1000 + i, (uint64_t)(1000 + i) * 1000});
	}
	assert_int_equal(count, 1);
	struct workload view;
	assert_true(workloads_view(s.workloads, &due[0].workload, &s.scratch, &view));
	assert_int_equal(view.processes_seen, 60);
	assert_int_equal(view.processes, 1);
	assert_true(workloads_is_spread(s.workloads, &due[0].workload));
	scene_fini(&s);
}

/* A new process of a program that runs often is named by its pid. */
static void a_newcomer_is_not_taken_for_many(void **state)
{
	struct scene s;
	struct workload_due due[4];
	size_t count = 0;

	scene_init(&s);
	for (uint32_t i = 0; i < 40; i++) {
		if (i < 12) { /* three samples each */
			run(&s, 500 + i, 77, 0.07, 2);
			workloads_ended(s.workloads,
					&(struct process_key){500 + i, (uint64_t)(500 + i) * 1000});
		}
		if (i >= 20)
			run(&s, 900, 77, 0.5, 2);
		count = step(&s, due, 4);
	}
	assert_int_equal(count, 1);
	assert_int_equal(due[0].process.pid, 900);
	assert_false(workloads_is_spread(s.workloads, &due[0].workload));
	scene_fini(&s);
}

/* A quiet miner run by the same interpreter as a busy program gets its own look. */
static void a_process_does_not_hide_behind_a_busier_one(void **state)
{
	struct scene s;
	struct workload_due due[4];
	bool seen = false;

	scene_init(&s);
	for (uint32_t i = 0; i < 60 && !seen; i++) {
		run(&s, 20, 55, 0.9, 40);
		run(&s, 21, 55, 0.05, 2);
		size_t count = step(&s, due, 4);
		for (size_t d = 0; d < count; d++) {
			seen |= due[d].process.pid == 21;
			workloads_looked(s.workloads, &due[d], scene_now(&s), LOOK_NOTHING);
		}
	}
	assert_true(seen);
	assert_true(s.step <= 40);
	scene_fini(&s);
}

static void looks_become_rarer_when_nothing_is_seen(void **state)
{
	struct scene s;
	struct workload_due due[4];
	uint32_t looks = 0;

	scene_init(&s);
	for (uint32_t i = 0; i < 300; i++) {
		run(&s, 30, 11, 1.0, 40);
		if (step(&s, due, 4) > 0) {
			looks++;
			workloads_looked(s.workloads, &due[0], scene_now(&s), LOOK_NOTHING);
		}
	}
	assert_in_range(looks, 5, 12);
	scene_fini(&s);
}

static void the_busiest_come_first_and_the_view_tells_their_history(void **state)
{
	struct scene s;
	struct workload_due due[2];
	struct workload view;
	size_t count = 0;

	scene_init(&s);
	for (uint32_t i = 0; i < 20; i++) {
		run(&s, 41, 1, 0.2, 3);
		run(&s, 42, 2, 0.8, 30);
		run(&s, 43, 3, 0.5, 3);
		count = step(&s, due, 2);
	}
	assert_int_equal(count, 2);
	assert_int_equal(due[0].process.pid, 42);
	assert_int_equal(due[1].process.pid, 43);
	assert_true(workloads_view(s.workloads, &due[1].workload, &s.scratch, &view));
	assert_int_equal(view.share_count, 20);
	assert_true(view.shares[19] > 0.4f && view.shares[19] < 0.6f);
	assert_int_equal(view.page_count, 3);
	assert_true(view.pages[0].samples >= view.pages[2].samples);
	assert_int_equal(view.hot_threads, 1);
	scene_fini(&s);
}

static void a_storm_of_processes_does_not_push_out_what_is_hot(void **state)
{
	struct scene s;
	struct workload_due due[4];
	bool found = false;

	scene_init(&s);
	for (uint32_t i = 0; i < 30; i++) {
		run(&s, 9, 99, 0.5, 2);
		for (uint32_t p = 0; p < 500; p++)
			workloads_sample(
				s.workloads,
				&(struct processor_sample){.at = scene_now(&s),
							   .process = {100000 + i * 500 + p, p + 1},
							   .thread = p,
							   .cgroup_id = p,
							   .inode = 1 + i * 500 + p,
							   .ip = 4096});
		size_t count = step(&s, due, 4);
		for (size_t d = 0; d < count; d++)
			found |= due[d].process.pid == 9;
	}
	assert_true(found);
	struct workload view;
	struct workload_key key = {.cgroup_id = 5, .device = 1, .inode = 99};
	assert_true(workloads_view(s.workloads, &key, &s.scratch, &view));
	assert_int_equal(view.share_count, 30);
	scene_fini(&s);
}

/* Two processes of one program: each has its own history and its own threads. */
static void one_of_two_is_seen_alone(void **state)
{
	struct scene s;
	struct workload_due due[4];
	struct workload view;

	scene_init(&s);
	while (s.step < 70) {
		run(&s, 10, 99, 0.9, 3);
		run(&s, 11, 99, 0.2, 3);
		for (uint32_t i = 0; i < 9; i++) {
			const struct processor_sample worker = {
				.at = scene_now(&s),
				.process = {.pid = 10, .start_ns = 10000},
				.thread = 12,
				.cgroup_id = 5,
				.device = 1,
				.inode = 99,
			};
			workloads_sample(s.workloads, &worker);
		}
		(void)step(&s, due, 4);
	}
	const struct workload_key key = {.cgroup_id = 5, .device = 1, .inode = 99};
	assert_true(workloads_view(s.workloads, &key, &s.scratch, &view));
	assert_int_equal(view.own_share_count, WORKLOAD_OWN_STEPS);
	double own = 0, all = 0;
	for (size_t i = 0; i < WORKLOAD_OWN_STEPS; i++) {
		own += (double)view.own_shares[i] / WORKLOAD_OWN_STEPS;
		all += (double)view.shares[view.share_count - 1 - i] / WORKLOAD_OWN_STEPS;
	}
	assert_true(own > 1.05 && own < 1.11);
	assert_true(all > 1.25 && all < 1.31);
	assert_int_equal(view.thread_count, 2);
	assert_int_equal(view.threads[0].thread, 10);
	assert_int_equal(view.threads[1].thread, 12);
	assert_true(view.threads[1].part > 0.15 && view.threads[1].part < 0.19);
	scene_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_two_is_seen_alone),
		cmocka_unit_test(any_lasting_share_comes_up),
		cmocka_unit_test(many_short_processes_add_up),
		cmocka_unit_test(a_newcomer_is_not_taken_for_many),
		cmocka_unit_test(a_process_does_not_hide_behind_a_busier_one),
		cmocka_unit_test(looks_become_rarer_when_nothing_is_seen),
		cmocka_unit_test(the_busiest_come_first_and_the_view_tells_their_history),
		cmocka_unit_test(a_storm_of_processes_does_not_push_out_what_is_hot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
