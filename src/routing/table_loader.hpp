// Follows one route table file: sees that it was replaced, and copies and verifies the new one in
// slices. The bytes are the reader's own copy: a file that is mapped shared can change, or shrink
// and fault, under its reader after it was found good; a copy stays as it was verified.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "routing/table_view.hpp"

namespace higuma::routing {

// Anonymous pages, large ones where the kernel has them: searches are random, and with small pages
// each would also miss the processor's table of pages.
struct PagesDeleter {
    std::size_t size = 0;
    void operator()(std::byte* pages) const;
};
using Pages = std::unique_ptr<std::byte[], PagesDeleter>;

// Verified bytes of one file.
struct LoadedTable {
    Pages memory;
    std::size_t size = 0;
    std::span<const std::byte> bytes() const { return {memory.get(), size}; }
};

class TableLoader {
  public:
    enum class Progress {
        unchanged,  // nothing new
        more,       // a new file is being read: call again soon
        loaded,     // take() it
        refused,    // reason() says why; said once per file
    };

    TableLoader(std::string path, FileKind kind);
    ~TableLoader();
    TableLoader(const TableLoader&) = delete;
    TableLoader& operator=(const TableLoader&) = delete;

    // Looks whether there is a new file, or reads on, at most `max_bytes`.
    Progress step(std::size_t max_bytes);
    LoadedTable take() { return std::move(table_); }
    std::string_view reason() const { return reason_; }
    const std::string& path() const { return path_; }

    // When the last loaded file was written or touched, in nanoseconds since 1970; 0 without one.
    std::int64_t written_ns() const { return written_ns_; }

  private:
    struct Identity {
        std::uint64_t device = 0, inode = 0, size = 0;
        std::int64_t written_ns = 0;
        bool operator==(const Identity&) const = default;
    };
    Progress look();
    Progress begin(int file, const Identity& identity);
    Progress read_on(std::size_t max_bytes);
    Progress refuse(std::string reason);
    bool fill(std::size_t end);

    std::string path_;
    FileKind kind_;
    // The file seen last stays open, so that its inode number cannot return under other bytes.
    int file_ = -1;
    Identity seen_;
    bool missing_ = false;
    std::int64_t written_ns_ = 0;
    LoadedTable table_;
    std::size_t filled_ = 0;
    std::optional<TableVerifier> verifier_;  // set while reading
    std::string reason_;
};

}  // namespace higuma::routing
