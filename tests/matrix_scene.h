/*
 * A sensor, the conversations that passed by it, and what it said about each of them. Time is
 * virtual and goes on from one conversation to the next; each has two addresses of its own.
 */
#ifndef DAVY_TESTS_MATRIX_SCENE_H
#define DAVY_TESTS_MATRIX_SCENE_H

#include "lab/packets.h"
#include "model/finding.h"

enum { SCENE_MOST = 96, SCENE_TEXT = 192 };

/* What the sensor came to for one conversation; kept after the finding is gone. */
struct seen {
	unsigned findings;
	enum verdict verdict;
	double confidence;
	char client[SCENE_TEXT], server[SCENE_TEXT], dialect[SCENE_TEXT], state[SCENE_TEXT];
	char wallet[SCENE_TEXT], login[SCENE_TEXT], worker[SCENE_TEXT], agent[SCENE_TEXT];
	uint64_t shares, accepted, rejected, jobs;
};

struct conversation_ends {
	char client[ENDPOINT_TEXT_MAX], server[ENDPOINT_TEXT_MAX];
};

struct sensor;

struct scene {
	struct finding_sink sink; /* first: the sink is the scene */
	struct sensor *sensor;
	instant now;
	size_t count;
	struct conversation_ends ends[SCENE_MOST];
	struct seen seen[SCENE_MOST];
	unsigned strangers; /* findings about nobody in the scene */
};

/* 0 or -ENOMEM. */
must_check int scene_begin(struct scene *scene);
/* When the next conversation may begin. */
instant scene_now(const struct scene *scene);
/*
 * The addresses are the scene's, IPv6 when `is_v6`; the ports, shape and tunnels the settings'.
 * returns: 0 with the index of the conversation; -ENOMEM; -ENOSPC after SCENE_MOST of them
 */
must_check int scene_add(struct scene *scene, const struct lab_transcript *transcript,
			 struct lab_packet_settings settings, bool is_v6, size_t *index);
/* Frames as they are, of ends that were named with scene_expect. */
void scene_frames(struct scene *scene, const struct frame *frames, size_t count);
must_check int scene_expect(struct scene *scene, const struct endpoint *client,
			    const struct endpoint *server, size_t *index);
/* Everything is reported, `seen` is filled; the sensor is gone. */
void scene_end(struct scene *scene);

#endif
