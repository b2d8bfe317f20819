/* false_member.c - a member of an office, with a real device's or region's keys and statement, that lies to it or
 * wearies it.
 *
 *     false_member WHAT FOLDER SUBJECT HOST:PORT
 *
 * Every time a log about SUBJECT is begun. Ends with status 0 when the server answers as it should, with 1 and a line
 * otherwise. WHAT, what is done, and the answer that is right:
 *     signature      a chunk that its author did not sign            Failure SIGNATURE
 *     foreign_log    another author's log about what this device     Failure FOREIGN_LOG
 *                    was never assigned to, rightly signed
 *     own_log        a log of its own, rightly signed                a receipt
 *     opens_for_75   a log of its own that opens for office 75        a receipt
 *     relayed        of a region: a log of an unknown author         a receipt
 *     neighbours     of a device that its office cannot know and     a receipt
 *                    head office knows: that of FOLDER.other
 *     root_log       a log in head office's name                     Failure SIGNATURE
 *     forged_receipt a receipt of head office, signed by itself      Failure PROTOCOL
 *     ahead          the second chunk, then the first                Gap, then a receipt for both
 *     hoard          chunks ahead, one more than are kept of a log   Failure LIMIT; after the first one a receipt for
 *                                                                    all that were kept
 *     five_times     one chunk on five connections at once           five receipts
 *     statement      what the device has instead of a statement      Failure STRANGER
 *     transport      its statement, shown with another key in TLS    Failure STRANGER
 *     second_hello   two Hello                                       Failure PROTOCOL
 *     from_future    receipts of this epoch for what never was,      a new epoch the first time, none
 *                    twice                                           the second time
 *     stays          nothing: it listens until it is put out         the end of the connection, without a Failure */
#include "core/log/receipts.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "member.h"
#include "peer.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define N_TIMES 5
#define NO_FAILURE PATUH__FAILURE_CODE__FAILURE_UNKNOWN /* a receipt is the answer */

struct liar {
    struct member self;
    const char *folder;
    struct pt_random random;
    const char *address;
    struct pt_log_id log;
    const char *opens_for; /* its first entry opens the assessment for this office; NULL: it is a place */
    struct pt_arena arena;
};

struct link {
    struct pt_bytes chunk;
    uint64_t seq; /* its one entry */
    struct pt_hash before;
    struct pt_hash after;
};

/* --- what it says --- */

/* seen: an epoch of which it says to have seen everything there will ever be; 0 = it says nothing. */
static void say_hello_of(struct liar *m, struct peer *peer, uint64_t seen)
{
    Patuh__Hello hello = PATUH__HELLO__INIT;
    hello.has_epoch = hello.has_lsn = seen != 0;
    hello.epoch = seen;
    hello.lsn = UINT64_MAX;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    ProtobufCMessage *statement;
    if (pt_unpack(&patuh__signed_statement__descriptor, m->self.enrolment.signed_statement, &m->arena, &statement) ==
        PT_OK) {
        hello.has_protocol_min = hello.has_protocol_max = true;
        hello.protocol_min = hello.protocol_max = 1;
        hello.statement = (Patuh__SignedStatement *)statement;
        frame.hello = &hello;
        peer_say_frame(peer, &frame);
    }
}

static void say_hello(struct liar *m, struct peer *peer)
{
    say_hello_of(m, peer, 0);
}

/* Seeds stand in front of the secret keys. */
static bool meet_as(struct liar *m, const struct pt_keypair *transport, struct peer *out)
{
    if (!peer_reach(m->address, out) || !peer_greet(out, transport->secret_key)) {
        (void)fprintf(stderr, "no TLS with %s\n", m->address);
        return false;
    }
    say_hello(m, out);
    return true;
}

static bool meet(struct liar *m, struct peer *out)
{
    return meet_as(m, &m->self.transport, out);
}

static enum pt_err write_entry(struct liar *m, struct pt_entry *out)
{
    Patuh__Place place = PATUH__PLACE__INIT;
    Patuh__Opening opening = PATUH__OPENING__INIT;
    if (m->opens_for != NULL) {
        *out = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_OPEN, 0);
        opening.office = pt_text_of(m->opens_for);
        return pt_pack(&opening.base, &m->arena, &out->detail);
    }
    *out = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_PLACE, 0);
    place.has_latitude_e7 = place.has_longitude_e7 = true;
    place.latitude_e7 = -22161000;
    place.longitude_e7 = 1139135000;
    return pt_pack(&place.base, &m->arena, &out->detail);
}

/* Chunk number seq of the log, of one entry, after this link. */
static bool forge(struct liar *m, uint64_t seq, const struct pt_hash *before, struct link *out)
{
    struct pt_entry entry;
    struct pt_chunk_header header = {.log = m->log, .first_seq = seq, .count = 1};
    struct pt_buf chunk = {0};
    bool good = write_entry(m, &entry) == PT_OK && pt_chunk_encode(&header, &entry, &chunk) == PT_OK;
    if (good) {
        *out = (struct link){.chunk = pt_arena_dup(&m->arena, pt_buf_bytes(&chunk)), .seq = seq, .before = *before};
        out->after = pt_link_next(before, out->chunk);
    }
    pt_buf_free(&chunk);
    return good;
}

static bool forge_first(struct liar *m, struct link *out)
{
    struct pt_hash first = pt_link_first(&m->log);
    return forge(m, 1, &first, out);
}

static void say_chunk(const struct liar *m, const struct link *link, const uint8_t *public_key,
                      const struct pt_signature *signature, struct peer *peer)
{
    Patuh__LogRef ref = PATUH__LOG_REF__INIT;
    Patuh__Chunks chunks = PATUH__CHUNKS__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    ProtobufCBinaryData chunk = pt_binary(link->chunk.data, link->chunk.n);
    ref.has_number = ref.has_subject = ref.has_public_key = ref.has_incarnation = true;
    ref.number = 1;
    ref.subject = pt_binary(m->log.subject.text, strlen(m->log.subject.text));
    ref.public_key = pt_binary(public_key, PT_KEY_BYTES);
    ref.incarnation = m->log.incarnation;
    chunks.has_first_seq = chunks.has_previous_link = chunks.has_signature = true;
    chunks.log = &ref;
    chunks.first_seq = link->seq;
    chunks.previous_link = pt_binary(link->before.b, sizeof link->before.b);
    chunks.chunk = &chunk;
    chunks.n_chunk = 1;
    chunks.signature = pt_binary(signature->b, sizeof signature->b);
    frame.chunks = &chunks;
    peer_say_frame(peer, &frame);
}

static void say_signed(const struct liar *m, const struct link *link, const struct pt_keypair *author,
                       struct peer *peer)
{
    struct pt_signature signature;
    pt_sign(author, PT_CONTEXT_LINK, &link->after, &signature);
    say_chunk(m, link, author->public_key, &signature, peer);
}

/* --- what it hears --- */

/* The server says why, and leaves. */
static bool hears_failure(struct liar *m, struct peer *peer, Patuh__FailureCode code)
{
    Patuh__Frame *frame;
    while (peer_next(peer, &m->arena, &frame)) {
        if (frame->failure != NULL) {
            (void)fprintf(stderr, "failure %d\n", (int)frame->failure->code);
            return frame->failure->code == code && !peer_next(peer, &m->arena, &frame) && peer->ended;
        }
    }
    (void)fputs("no failure\n", stderr);
    return false;
}

static bool hears_gap(struct liar *m, struct peer *peer)
{
    Patuh__Frame *frame;
    while (peer_next(peer, &m->arena, &frame)) {
        if (frame->gap != NULL) {
            return frame->gap->have_seq == 0 && frame->gap->log != NULL &&
                   frame->gap->log->incarnation == m->log.incarnation;
        }
        if (frame->failure != NULL || frame->receipt != NULL) {
            break;
        }
    }
    (void)fputs("no gap\n", stderr);
    return false;
}

static bool covers(struct liar *m, const Patuh__Receipt *message, const struct link *last)
{
    struct pt_receipt receipt;
    struct pt_signature signature;
    if (message->signature.len != sizeof signature.b) {
        return false;
    }
    memcpy(signature.b, message->signature.data, sizeof signature.b);
    struct pt_bytes body = pt_bytes_of(message->body.data, message->body.len);
    const struct pt_public_key *office = &m->self.upper->key;
    return pt_receipt_read(body, &signature, office, &m->arena, &receipt) == PT_OK && receipt.n_logs == 1 &&
           pt_log_id_eq(&receipt.logs[0].log, &m->log) && !receipt.logs[0].held && receipt.logs[0].seq == last->seq &&
           pt_hash_eq(&receipt.logs[0].link, &last->after);
}

/* Head office's receipts may pass by before the region's. */
static bool hears_receipt(struct liar *m, struct peer *peer, const struct link *last)
{
    Patuh__Frame *frame;
    while (peer_next(peer, &m->arena, &frame) && frame->failure == NULL) {
        if (frame->receipt != NULL && covers(m, frame->receipt, last)) {
            return true;
        }
    }
    (void)fputs("no receipt\n", stderr);
    return false;
}

/* --- the cases --- */

static bool signature(struct liar *m)
{
    struct peer peer;
    struct link link;
    struct pt_signature false_one;
    bool good = meet(m, &peer) && forge_first(m, &link);
    if (good) {
        pt_sign(&m->self.pair, PT_CONTEXT_LINK, &link.before, &false_one);
        say_chunk(m, &link, m->self.pair.public_key, &false_one, &peer);
        good = hears_failure(m, &peer, PATUH__FAILURE_CODE__FAILURE_SIGNATURE);
    }
    peer_close(&peer);
    return good;
}

static bool ahead(struct liar *m)
{
    struct peer peer;
    struct link first;
    struct link second;
    bool good = meet(m, &peer) && forge_first(m, &first) && forge(m, 2, &first.after, &second);
    if (good) {
        say_signed(m, &second, &m->self.pair, &peer);
        good = hears_gap(m, &peer);
    }
    if (good) {
        say_signed(m, &first, &m->self.pair, &peer);
        good = hears_receipt(m, &peer, &second);
    }
    peer_close(&peer);
    return good;
}

static bool say_ahead(struct liar *m, struct link *chain, size_t n)
{
    struct peer peer;
    bool good = meet(m, &peer);
    for (size_t i = 1; i < n && good; i++) {
        good = forge(m, i + 1, &chain[i - 1].after, &chain[i]);
        if (good) {
            say_signed(m, &chain[i], &m->self.pair, &peer);
        }
    }
    good = good && hears_failure(m, &peer, PATUH__FAILURE_CODE__FAILURE_LIMIT);
    peer_close(&peer);
    return good;
}

static bool hoard(struct liar *m)
{
    struct peer peer;
    static struct link chain[PT_PARKED_PER_LOG_MAX + 2];
    bool good = forge_first(m, &chain[0]) && say_ahead(m, chain, PT_PARKED_PER_LOG_MAX + 2);
    if (!good || !meet(m, &peer)) {
        return false;
    }
    say_signed(m, &chain[0], &m->self.pair, &peer);
    good = hears_receipt(m, &peer, &chain[PT_PARKED_PER_LOG_MAX]);
    peer_close(&peer);
    return good;
}

static bool five_times(struct liar *m)
{
    struct peer peers[N_TIMES];
    struct link link;
    size_t n = 0;
    bool good = forge_first(m, &link);
    while (good && n < N_TIMES) {
        good = meet(m, &peers[n++]);
    }
    for (size_t i = 0; i < n && good; i++) {
        say_signed(m, &link, &m->self.pair, &peers[i]);
    }
    for (size_t i = 0; i < n; i++) {
        good = good && hears_receipt(m, &peers[i], &link);
        peer_close(&peers[i]);
    }
    return good;
}

static bool statement(struct liar *m)
{
    struct peer peer;
    bool good = meet(m, &peer) && hears_failure(m, &peer, PATUH__FAILURE_CODE__FAILURE_STRANGER);
    peer_close(&peer);
    return good;
}

static bool transport(struct liar *m)
{
    struct peer peer;
    struct pt_keypair other;
    struct pt_random random = pt_random_system();
    pt_keypair_make(&random, &other);
    bool good = meet_as(m, &other, &peer) && hears_failure(m, &peer, PATUH__FAILURE_CODE__FAILURE_STRANGER);
    peer_close(&peer);
    return good;
}

static bool second_hello(struct liar *m)
{
    struct peer peer;
    bool good = meet(m, &peer);
    if (good) {
        say_hello(m, &peer);
        good = hears_failure(m, &peer, PATUH__FAILURE_CODE__FAILURE_PROTOCOL);
    }
    peer_close(&peer);
    return good;
}

/* A log about the subject, whoever its author is: one chunk, and the answer. */
static bool brings(struct liar *m, const struct pt_keypair *author, Patuh__FailureCode code)
{
    struct peer peer;
    struct link link;
    bool good = meet(m, &peer) && forge_first(m, &link);
    if (good) {
        say_signed(m, &link, author, &peer);
        good = code == NO_FAILURE ? hears_receipt(m, &peer, &link) : hears_failure(m, &peer, code);
    }
    peer_close(&peer);
    return good;
}

static bool own_log(struct liar *m)
{
    return brings(m, &m->self.pair, NO_FAILURE);
}

/* More of one author than a cut has room for. */
static bool many(struct liar *m)
{
    bool good = true;
    for (int i = 0; i <= PT_CUT_LOGS_MAX && good; i++) {
        m->log.incarnation = pt_random_u64(&m->random);
        good = own_log(m);
    }
    return good;
}

static bool about_subject(struct liar *m, enum pt_subject_kind kind, const char *name)
{
    return pt_subject_make(kind, name, &m->log.subject) == PT_OK &&
           brings(m, &m->self.pair, PATUH__FAILURE_CODE__FAILURE_FOREIGN_LOG);
}

static bool office_log(struct liar *m)
{
    return about_subject(m, PT_SUBJECT_OFFICE, "62");
}

static bool cycle_log(struct liar *m)
{
    return about_subject(m, PT_SUBJECT_CYCLE, "2023");
}

static bool opens_for_75(struct liar *m)
{
    m->opens_for = "75";
    return brings(m, &m->self.pair, NO_FAILURE);
}

static bool other_author(struct liar *m, Patuh__FailureCode code)
{
    struct pt_keypair other;
    pt_keypair_make(&m->random, &other);
    m->log.author = pt_author_of(other.public_key);
    return brings(m, &other, code);
}

static bool foreign_log(struct liar *m)
{
    return pt_subject_make(PT_SUBJECT_ASSESSMENT, "2023/62.71/lain", &m->log.subject) == PT_OK &&
           other_author(m, PATUH__FAILURE_CODE__FAILURE_FOREIGN_LOG);
}

/* The author is a device of another region, whose folder lies beside as FOLDER.other: the region that this member
 * belongs to cannot know it, and head office does. */
static bool neighbours(struct liar *m)
{
    char folder[PATH_MAX];
    struct member other;
    (void)snprintf(folder, sizeof folder, "%s.other", m->folder);
    bool good = member_open(folder, &other);
    if (good) {
        m->log.author = pt_author_of(other.pair.public_key);
        good = brings(m, &other.pair, NO_FAILURE);
    }
    member_close(&other);
    return good;
}

static bool relayed(struct liar *m)
{
    return other_author(m, NO_FAILURE);
}

/* Head office's key is known to everybody; what it signs is not. */
static bool root_log(struct liar *m)
{
    const struct pt_office_record *root = pt_enrolment_root(&m->self.enrolment);
    struct pt_keypair author = m->self.pair;
    memcpy(author.public_key, root->key.b, sizeof author.public_key);
    m->log.author = pt_author_of(root->key.b);
    bool good = pt_subject_make(PT_SUBJECT_OFFICE, root->code, &m->log.subject) == PT_OK &&
                brings(m, &author, PATUH__FAILURE_CODE__FAILURE_SIGNATURE);
    pt_keypair_wipe(&author);
    return good;
}

static bool forged_receipt(struct liar *m)
{
    struct peer peer;
    struct link link = {0};
    Patuh__Receipt message = PATUH__RECEIPT__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    bool good = meet(m, &peer) && forge_first(m, &link);
    struct pt_receipt_log log = {.log = m->log, .seq = 1, .link = link.after};
    struct pt_receipt receipt = {.office = pt_author_of(m->self.upper->key.b),
                                 .tier = PT_TIER_NATIONAL,
                                 .author = m->log.author,
                                 .epoch = 1,
                                 .lsn = 1,
                                 .logs = &log,
                                 .n_logs = 1};
    good = good && pt_receipt_sign(&receipt, &m->self.pair, &m->arena) == PT_OK;
    if (good) {
        message.has_body = message.has_signature = true;
        message.body = pt_binary(receipt.body.data, receipt.body.n);
        message.signature = pt_binary(receipt.signature.b, sizeof receipt.signature.b);
        frame.receipt = &message;
        peer_say_frame(&peer, &frame);
        good = hears_failure(m, &peer, PATUH__FAILURE_CODE__FAILURE_PROTOCOL);
    }
    peer_close(&peer);
    return good;
}

/* The epoch that the office answers with; 0 = no answer. */
static uint64_t epoch_heard(struct liar *m, uint64_t seen)
{
    struct peer peer;
    Patuh__Frame *frame;
    uint64_t epoch = 0;
    if (peer_reach(m->address, &peer) && peer_greet(&peer, m->self.transport.secret_key)) {
        say_hello_of(m, &peer, seen);
        epoch = peer_next(&peer, &m->arena, &frame) && frame->welcome != NULL ? frame->welcome->epoch : 0;
    }
    peer_close(&peer);
    return epoch;
}

static bool from_future(struct liar *m)
{
    uint64_t first = epoch_heard(m, 0);
    uint64_t second = epoch_heard(m, first);
    uint64_t third = epoch_heard(m, second);
    return first != 0 && second != 0 && second != first && third == second;
}

/* Says on standard output when it is let in, so that others know when to have it put out. */
static bool stays(struct liar *m)
{
    struct peer peer;
    Patuh__Frame *frame;
    bool good = meet(m, &peer) && peer_next(&peer, &m->arena, &frame) && frame->welcome != NULL;
    if (good) {
        good = !frame->welcome->revoked && puts("let in") >= 0 && fflush(stdout) == 0;
    }
    while (good && peer_next(&peer, &m->arena, &frame)) {
        good = frame->failure == NULL;
    }
    good = good && peer.ended;
    peer_close(&peer);
    return good;
}

static const struct {
    const char *name;
    bool (*act)(struct liar *);
} cases[] = {
    {"signature", signature},
    {"foreign_log", foreign_log},
    {"own_log", own_log},
    {"many", many},
    {"office_log", office_log},
    {"cycle_log", cycle_log},
    {"opens_for_75", opens_for_75},
    {"relayed", relayed},
    {"neighbours", neighbours},
    {"root_log", root_log},
    {"forged_receipt", forged_receipt},
    {"ahead", ahead},
    {"hoard", hoard},
    {"five_times", five_times},
    {"statement", statement},
    {"transport", transport},
    {"second_hello", second_hello},
    {"from_future", from_future},
    {"stays", stays},
};

static bool act(struct liar *m, const char *what)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(cases[i].name, what) == 0) {
            return cases[i].act(m);
        }
    }
    (void)fprintf(stderr, "there is no \"%s\"\n", what);
    return false;
}

int main(int argc, char **argv)
{
    struct liar m = {0};
    if (argc != 5 || pt_crypto_init() != PT_OK ||
        pt_subject_make(PT_SUBJECT_ASSESSMENT, argv[3], &m.log.subject) != PT_OK) {
        (void)fputs("false_member WHAT FOLDER SUBJECT HOST:PORT\n", stderr);
        return 2;
    }
    bool good = member_open(argv[2], &m.self);
    if (good) {
        pt_arena_init(&m.arena, SIZE_MAX);
        m.random = pt_random_system();
        m.address = argv[4];
        m.folder = argv[2];
        m.log.author = pt_author_of(m.self.pair.public_key);
        m.log.incarnation = pt_random_u64(&m.random);
        good = act(&m, argv[1]);
        pt_arena_close(&m.arena);
    }
    member_close(&m.self);
    return good ? 0 : 1;
}
