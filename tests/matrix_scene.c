#include "matrix_scene.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "programs/sensor.h"

enum { SENSOR_BYTES = 6 * 1024 * 1024 };

static const instant begins = {1795341600000000000}; /* 2026-11-22T10:00:00Z */

static void copy(char to[SCENE_TEXT], struct str text)
{
	snprintf(to, SCENE_TEXT, "%.*s", STR_ARG(text));
}

static bool is_about(const struct conversation_ends *ends, struct str client, struct str server)
{
	struct str a = str_from(ends->client), b = str_from(ends->server);

	return (str_equal(client, a) && str_equal(server, b)) ||
	       (str_equal(client, b) && str_equal(server, a));
}

static void note(struct seen *seen, const struct finding *finding)
{
	const struct facts *facts = &finding->facts;

	seen->findings++;
	seen->verdict = finding->verdict;
	seen->confidence = finding->confidence;
	copy(seen->client, facts_text(&finding->subject.keys, STR("client")));
	copy(seen->server, facts_text(&finding->subject.keys, STR("server")));
	copy(seen->dialect, facts_text(facts, STR("dialect")));
	copy(seen->state, facts_text(facts, STR("state")));
	copy(seen->wallet, facts_text(facts, STR("wallet")));
	copy(seen->login, facts_text(facts, STR("login")));
	copy(seen->worker, facts_text(facts, STR("worker")));
	copy(seen->agent, facts_text(facts, STR("agent")));
	seen->shares = facts_number(facts, STR("shares"));
	seen->accepted = facts_number(facts, STR("accepted"));
	seen->rejected = facts_number(facts, STR("rejected"));
	seen->jobs = facts_number(facts, STR("jobs"));
}

static void take(struct finding_sink *sink, const struct finding *finding)
{
	struct scene *scene = (struct scene *)sink;
	struct str client = facts_text(&finding->subject.keys, STR("client"));
	struct str server = facts_text(&finding->subject.keys, STR("server"));

	for (size_t i = 0; i < scene->count; i++)
		if (is_about(&scene->ends[i], client, server)) {
			note(&scene->seen[i], finding);
			return;
		}
	scene->strangers++;
}

int scene_begin(struct scene *scene)
{
	*scene = (struct scene){.sink = {take}, .now = begins};
	return sensor_new(
		&(struct sensor_settings){.memory_bytes = SENSOR_BYTES, .sink = &scene->sink},
		&scene->sensor);
}

instant scene_now(const struct scene *scene)
{
	return scene->now;
}

void scene_frames(struct scene *scene, const struct frame *frames, size_t count)
{
	struct packet packet;

	for (size_t i = 0; i < count; i++) {
		if (frames[i].at.ns - scene->now.ns > DURATION_S(1).ns) {
			scene->now = frames[i].at;
			sensor_tick(scene->sensor, scene->now);
		}
		(void)sensor_frame(scene->sensor, &frames[i], STR("scene"), &packet);
	}
}

int scene_expect(struct scene *scene, const struct endpoint *client, const struct endpoint *server,
		 size_t *index)
{
	if (scene->count == SCENE_MOST)
		return -ENOSPC;
	*index = scene->count++;
	endpoint_text(client, scene->ends[*index].client);
	endpoint_text(server, scene->ends[*index].server);
	return 0;
}

static struct address address_of(bool is_v6, bool is_server, size_t index)
{
	uint32_t v4 = (is_server ? 0xcb007100u : 0x0a140000u) + (uint32_t)index + 1;
	struct address v6 = {{0x20, 0x01, 0x0d, 0xb8, is_server, [15] = (uint8_t)(index + 1)}};

	return is_v6 ? v6 : address_v4(v4);
}

int scene_add(struct scene *scene, const struct lab_transcript *transcript,
	      struct lab_packet_settings settings, bool is_v6, size_t *index)
{
	struct lab_packets packets;

	settings.client.address = address_of(is_v6, false, scene->count);
	settings.server.address = address_of(is_v6, true, scene->count);
	int r = scene_expect(scene, &settings.client, &settings.server, index);
	if (r == 0)
		r = lab_packets_make(transcript, &settings, &packets);
	if (r < 0)
		return r;
	scene_frames(scene, packets.frames, packets.count);
	if (packets.count > 0)
		scene->now = instant_add(packets.frames[packets.count - 1].at, DURATION_S(10));
	lab_packets_fini(&packets);
	return 0;
}

void scene_end(struct scene *scene)
{
	sensor_flush(scene->sensor);
	sensor_free(scene->sensor);
	scene->sensor = NULL;
}
