# One imported target for each library, with the reason we stand on it. Packages: deploy/packages.txt
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)      # Ed25519, BLAKE2b, XChaCha20: small and misuse-resistant
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)          # best ratio a CPU cycle on 2 KiB chunks
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)      # notices damage (XXH3) at the speed of memory
pkg_check_modules(protobuf_c REQUIRED IMPORTED_TARGET libprotobuf-c) # the wire format, in C
pkg_check_modules(uv REQUIRED IMPORTED_TARGET libuv)              # the event loop
pkg_check_modules(lmdb REQUIRED IMPORTED_TARGET lmdb)             # crash-proof store without recovery time
pkg_check_modules(openssl REQUIRED IMPORTED_TARGET openssl)       # TLS 1.3
pkg_check_modules(qrencode REQUIRED IMPORTED_TARGET libqrencode)  # QR codes on the terminal
