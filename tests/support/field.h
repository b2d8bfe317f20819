/* field.h - device folders with everything an enrolment and a first sync would have brought, made without a server.
 *
 * Head office "pusat", region "62", cycle 2023 with the instrument of deploy/cycles/2023, one device a surveyor (sari,
 * budi, tono). FIELD_UNIT is assigned to sari and budi, FIELD_OTHER_UNIT to budi alone. Every failure is a failed
 * assertion of Criterion. */
#ifndef PT_TEST_FIELD_H
#define PT_TEST_FIELD_H

#include "client/device.h"

#define FIELD_UNIT "2023/62.71/disdukcapil"
#define FIELD_OTHER_UNIT "2023/62.71/dinkes"

enum { FIELD_SARI, FIELD_BUDI, FIELD_TONO, FIELD_DEVICES };

struct field {
    char root[64]; /* temporary; the devices' folders lie in it */
    char dir[FIELD_DEVICES][96];
    struct pt_keypair head_office;
    struct pt_keypair region;
    struct pt_keypair transport;
    struct pt_buf instrument; /* compiled */
    int64_t now_ms;           /* of the offices */
};

/* Make the folders; all devices closed. */
void field_open(struct field *field);
/* Remove them; nothing may be left on the heap. */
void field_close(struct field *field);
struct patuh *field_device(const struct field *field, int which);

/* What a sync of both with their office does: every sealed chunk and text of `from` comes to `to`. */
void field_carry(struct patuh *from, struct patuh *to);
/* Seal what waits, then carry both ways. */
void field_meet(struct patuh *a, struct patuh *b);
/* An entry of the region about an assessment, written into this device's store as if it had come. */
void field_region_writes(struct field *field, struct patuh *device, const char *assessment, struct pt_entry entry);
/* An office of this tier moves FIELD_UNIT, having seen all that this device has of it; as above. */
void field_office_moves(struct field *field, struct patuh *device, enum pt_tier tier, Patuh__State to);
/* The office says its time, as in the Welcome of a sync. */
void field_office_time(struct patuh *device, int64_t now_ms);
/* A receipt of a tier for contents that are durable there. */
void field_receipt_blobs(const struct field *field, struct patuh *device, enum pt_tier tier, struct pt_hash *hashes,
                         size_t n);
/* A text about FIELD_UNIT kept in the device's store; its hash. */
struct pt_hash field_text(struct patuh *device, const char *said);
/* A receipt of a tier for all chunks of the device's own logs. */
void field_receipt(const struct field *field, struct patuh *device, enum pt_tier tier);

/* patuh_answer that has to work, and one whose result is looked at. */
void field_answer(struct patuh *device, const char *path, const char *value);
/* The item at a path of a form; fails when there is none. */
const struct patuh_item *field_item(const struct patuh_form *form, const char *path);
/* patuh_form that has to work. */
struct patuh_form field_form(struct patuh *device, const char *assessment);

#endif
