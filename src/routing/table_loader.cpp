#include "routing/table_loader.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace higuma::routing {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

Pages allocate_pages(std::size_t size) {
    void* pages = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    ::madvise(pages, size, MADV_HUGEPAGE);  // a kernel without them does without
    return {static_cast<std::byte*>(pages), PagesDeleter{size}};
}

}  // namespace

void PagesDeleter::operator()(std::byte* pages) const { ::munmap(pages, size); }

TableLoader::TableLoader(std::string path, FileKind kind) : path_(std::move(path)), kind_(kind) {}

TableLoader::~TableLoader() {
    if (file_ >= 0) ::close(file_);
}

TableLoader::Progress TableLoader::step(std::size_t max_bytes) {
    const Progress progress = verifier_ ? Progress::more : look();
    return progress == Progress::more ? read_on(max_bytes) : progress;
}

TableLoader::Progress TableLoader::refuse(std::string reason) {
    reason_ = std::move(reason);
    verifier_.reset();
    table_ = {};
    return Progress::refused;
}

TableLoader::Progress TableLoader::look() {
    const auto identity_of = [](const struct stat& status) {
        return Identity{status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
                        status.st_mtim.tv_sec * kNanosPerSecond + status.st_mtim.tv_nsec};
    };
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) {
        return std::exchange(missing_, true) ? Progress::unchanged : refuse(std::strerror(errno));
    }
    Identity identity = identity_of(status);
    if (!missing_ && file_ >= 0 && identity == seen_) return Progress::unchanged;

    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return std::exchange(missing_, true) ? Progress::unchanged : refuse(std::strerror(errno));
    }
    // What was opened, which a rename may have made another file than the one looked at.
    if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(file);
        return std::exchange(missing_, true) ? Progress::unchanged : refuse("not a regular file");
    }
    missing_ = false;
    identity = identity_of(status);
    return begin(file, identity);
}

TableLoader::Progress TableLoader::begin(int file, const Identity& identity) {
    if (file_ >= 0) ::close(file_);
    file_ = file;
    seen_ = identity;
    if (identity.size > kMaxFileBytes) return refuse("larger than a route table can be");
    if (identity.size < sizeof(FileHeader)) return refuse("shorter than a header");
    table_.size = identity.size;
    table_.memory = allocate_pages(identity.size);
    filled_ = 0;
    verifier_.emplace(table_.bytes(), kind_);
    return Progress::more;
}

bool TableLoader::fill(std::size_t end) {
    while (filled_ < end) {
        const ssize_t count = ::pread(file_, table_.memory.get() + filled_, end - filled_,
                                      static_cast<off_t>(filled_));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        filled_ += static_cast<std::size_t>(count);
    }
    return true;
}

TableLoader::Progress TableLoader::read_on(std::size_t max_bytes) {
    max_bytes = std::max(max_bytes, sizeof(FileHeader));
    if (!fill(std::min(table_.size, verifier_->position() + max_bytes))) {
        return refuse("became shorter while it was read");
    }
    switch (verifier_->step(max_bytes)) {
        case TableVerifier::Progress::more:
            return Progress::more;
        case TableVerifier::Progress::refused:
            return refuse(std::string(verifier_->reason()));
        case TableVerifier::Progress::good:
            break;
    }
    verifier_.reset();
    written_ns_ = seen_.written_ns;
    return Progress::loaded;
}

}  // namespace higuma::routing
