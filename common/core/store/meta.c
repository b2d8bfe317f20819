#include "core/store/meta.h"

#include "core/store/keys.h"

enum pt_err pt_meta_get(struct pt_txn *txn, const char *name, struct pt_bytes *value)
{
    return pt_store_get(txn, PT_TABLE_META, pt_bytes_str(name), value);
}

enum pt_err pt_meta_put(struct pt_txn *txn, const char *name, struct pt_bytes value)
{
    return pt_store_put(txn, PT_TABLE_META, pt_bytes_str(name), value);
}

enum pt_err pt_meta_del(struct pt_txn *txn, const char *name)
{
    return pt_store_del(txn, PT_TABLE_META, pt_bytes_str(name));
}

enum pt_err pt_meta_get_u64(struct pt_txn *txn, const char *name, uint64_t *value)
{
    struct pt_bytes bytes;
    enum pt_err err = pt_meta_get(txn, name, &bytes);
    if (err != PT_OK) {
        return err;
    }
    struct pt_reader reader = pt_reader_on(bytes);
    uint64_t read = pt_read_u64(&reader);
    if (pt_read_end(&reader) != PT_OK) {
        return PT_EDAMAGED;
    }
    *value = read;
    return PT_OK;
}

enum pt_err pt_meta_put_u64(struct pt_txn *txn, const char *name, uint64_t value)
{
    struct pt_key key = pt_key_u64(value); /* the same eight big-endian bytes */
    return pt_meta_put(txn, name, pt_key_bytes(&key));
}
