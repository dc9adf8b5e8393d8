#include "lab/innocent.h"
#include "matrix_escapes.h"

/* The shapes that could make a reader misunderstand. */
static const char *const innocent_shapes[] = {"whole", "mid-stream", "1 byte",	    "out of order",
					      "VXLAN", "gap",	     "client only", "server only"};
/* What may stand around any conversation. */
static turn_write *const around[] = {NULL, turn_socks5, turn_connect, turn_length_before};

enum {
	SHAPES = sizeof(innocent_shapes) / sizeof(*innocent_shapes),
	AROUND = sizeof(around) / sizeof(*around)
};

_Static_assert(SHAPES *AROUND <= SCENE_MOST, "a scene for each seed");

const struct justified justified[] = {
	{"syslog-quote", 3,
	 "in 1-byte segments behind a binary length: where nobody listened to the start of a line, "
	 "a segment that begins with a brace is the start of a message"},
};
const size_t justified_count = sizeof(justified) / sizeof(*justified);

unsigned justified_suspects(const char *innocent)
{
	for (size_t i = 0; i < justified_count; i++)
		if (str_equal(str_from(justified[i].innocent), str_from(innocent)))
			return justified[i].suspects;
	return 0;
}

static const struct shape *shape_of(const char *name)
{
	for (size_t i = 0; i < shape_count; i++)
		if (str_equal(str_from(shapes[i].name), str_from(name)))
			return &shapes[i];
	return NULL;
}

static bool tell_one(struct scene *scene, const struct lab_innocent *innocent, uint64_t seed,
		     const struct shape *shape, turn_write *write)
{
	struct lab_transcript plain = {0}, turned = {0};
	size_t index;

	if (!shape)
		return false;
	int r = lab_innocent_play(innocent, seed, scene_now(scene), &plain);
	if (r == 0 && write)
		turn_transcript(&plain, write, &turned);
	const struct lab_transcript *told = write ? &turned : &plain;
	struct lab_packet_settings packets = {
		.seed = seed,
		.client.port = 40001,
		.server.port = innocent->port,
		.shape = shape->packets,
		.first_event = shape->is_midstream ? told->count / 2 : 0,
		.tunnel_count = shape->tunnel_count,
		.tunnels = {shape->tunnels[0]},
	};
	if (r == 0)
		r = scene_add(scene, told, packets, false, &index);
	bool is_good = r == 0 && !told->failed;
	lab_transcript_fini(&plain);
	lab_transcript_fini(&turned);
	return is_good;
}

static void count(const struct scene *scene, struct innocent_result *result)
{
	result->conversations += (unsigned)scene->count;
	result->mining += scene->strangers;
	for (size_t i = 0; i < scene->count; i++) {
		result->mining +=
			scene->seen[i].findings > 0 && scene->seen[i].verdict > VERDICT_SUSPECT;
		result->suspects +=
			scene->seen[i].findings > 0 && scene->seen[i].verdict <= VERDICT_SUSPECT;
	}
}

bool innocent_try(struct scene *scene, const struct lab_innocent *innocent,
		  struct innocent_result *result)
{
	bool is_good = true;

	*result = (struct innocent_result){0};
	for (uint64_t seed = 1; seed <= INNOCENT_SEEDS && is_good; seed++) {
		if (scene_begin(scene) < 0)
			return false;
		for (unsigned i = 0; i < SHAPES * AROUND && is_good; i++)
			is_good =
				tell_one(scene, innocent, seed,
					 shape_of(innocent_shapes[i % SHAPES]), around[i / SHAPES]);
		scene_end(scene);
		count(scene, result);
	}
	return is_good;
}
