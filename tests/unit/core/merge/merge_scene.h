/* merge_scene.h - one assessment with the logs of its offices and surveyors, made by hand, for tests of the merge.
 *
 * Everything that fails ends the test. */
#ifndef PT_TEST_MERGE_SCENE_H
#define PT_TEST_MERGE_SCENE_H

#include "core/merge/merge.h"
#include "support/instrument_fixture.h"
#include "support/office_kit.h"

#define SUBJECT "a:2023/62.71/x"

/* One assessment: the offices of office_kit.h, siti as a second device, logs of region, budi, siti and head office. */
struct merge_scene {
    struct fixture f;
    struct world offices;
    struct world logs;
    struct pt_authority authority;
    struct pt_view *region, *budi, *siti, *root;
    struct pt_subject subject;
    const char *office; /* that the registry gives it to; NULL: no registry */
};

uint32_t ms_number_of(const struct merge_scene *s, const char *name);
void ms_assign(struct merge_scene *s, struct pt_view *by, const char *name);
void ms_open(struct merge_scene *s);
void ms_close(struct merge_scene *s);
struct pt_entry_ref ms_last_of(const struct pt_view *view);
void ms_claim(struct merge_scene *s, struct pt_view *by, Patuh__EntryKind kind, const char *question, int64_t number,
              const struct pt_entry_ref *refs, size_t n_refs);
void ms_answer(struct merge_scene *s, struct pt_view *by, int64_t number);
void ms_answer_over(struct merge_scene *s, struct pt_view *by, int64_t number, struct pt_entry_ref target);
void ms_move_as(struct merge_scene *s, struct pt_view *by, const Patuh__Move *kind, struct pt_view *const *seen,
                size_t n_seen);
void ms_move(struct merge_scene *s, struct pt_view *by, Patuh__State to, struct pt_view *const *seen, size_t n_seen);
void ms_fix(struct merge_scene *s, uint32_t version, uint64_t counted);
void ms_reopen(struct merge_scene *s, uint32_t version);
const struct pt_instrument *ms_find_instrument(void *data, const struct pt_hash *hash);
const char *ms_find_text(void *data, const struct pt_hash *hash);
int ms_compare_views(const void *a, const void *b);
struct pt_assessment ms_merge_version(struct merge_scene *s, enum pt_level level, uint32_t version);
struct pt_assessment ms_merge(struct merge_scene *s, enum pt_level level);
void ms_expect_values(struct merge_scene *s, const struct pt_assessment *a, const char *expected);
void ms_expect_n(struct merge_scene *s, enum pt_level level, const char *expected);

#endif
