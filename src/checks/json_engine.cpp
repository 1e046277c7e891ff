#include "checks/json_engine.hpp"

#include <duktape.h>
#include <fmt/format.h>

#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace higuma {
// Made by CMake from the files of src/checks/jsonata and the npm package.
std::string_view jsonata_prelude();
std::string_view jsonata_library();
std::string_view jsonata_query();
}  // namespace higuma

namespace higuma::checks {

namespace {

constexpr std::size_t kMostMemory = 96 << 20;
// An engine that holds more than this after a question gives it back by ending.
constexpr std::size_t kMostKeptMemory = 24 << 20;

struct alignas(std::max_align_t) BlockHead {
    std::size_t size;
};

// Duktape holds characters beyond the first 65,536 as two of three bytes each, as JavaScript
// counts them.
std::string to_script(std::string_view utf8) {
    std::string text;
    text.reserve(utf8.size());
    for (std::size_t at = 0; at < utf8.size(); ++at) {
        const auto byte = static_cast<unsigned char>(utf8[at]);
        if (byte < 0xF0 || at + 3 >= utf8.size()) {
            text += utf8[at];
            continue;
        }
        const auto low = [&](std::size_t i) { return static_cast<unsigned>(utf8[at + i]) & 0x3Fu; };
        const unsigned point = ((byte & 7u) << 18 | low(1) << 12 | low(2) << 6 | low(3)) - 0x10000u;
        for (const unsigned unit : {0xD800u + (point >> 10 & 0x3FFu), 0xDC00u + (point & 0x3FFu)}) {
            text += static_cast<char>(0xE0u | unit >> 12);
            text += static_cast<char>(0x80u | (unit >> 6 & 0x3Fu));
            text += static_cast<char>(0x80u | (unit & 0x3Fu));
        }
        at += 3;
    }
    return text;
}

std::string from_script(std::string_view text) {
    const auto unit_at = [text](std::size_t at) -> unsigned {
        if (at + 2 >= text.size() || static_cast<unsigned char>(text[at]) != 0xED) return 0;
        return 0xD000u | (static_cast<unsigned>(text[at + 1]) & 0x3Fu) << 6 |
               (static_cast<unsigned>(text[at + 2]) & 0x3Fu);
    };
    std::string utf8;
    utf8.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        const unsigned high = unit_at(at);
        if (high < 0xD800) {
            utf8 += text[at];
            continue;
        }
        const unsigned low = high < 0xDC00 ? unit_at(at + 3) : 0;
        if (low < 0xDC00) {
            utf8 += "\xEF\xBF\xBD";  // half a character
            at += 2;
            continue;
        }
        const unsigned point = 0x10000u + ((high & 0x3FFu) << 10 | (low & 0x3FFu));
        utf8 += static_cast<char>(0xF0u | point >> 18);
        utf8 += static_cast<char>(0x80u | (point >> 12 & 0x3Fu));
        utf8 += static_cast<char>(0x80u | (point >> 6 & 0x3Fu));
        utf8 += static_cast<char>(0x80u | (point & 0x3Fu));
        at += 5;
    }
    return utf8;
}

}  // namespace

struct ScriptHeap {
    ~ScriptHeap() {
        if (context) duk_destroy_heap(context);
    }

    void* allocate(std::size_t size) {
        if (size == 0) return nullptr;
        if (size > kMostMemory - std::min(used, kMostMemory)) return out_of_memory();
        auto* head = static_cast<BlockHead*>(std::malloc(sizeof(BlockHead) + size));
        if (!head) return out_of_memory();
        head->size = size;
        used += size;
        return head + 1;
    }
    void* out_of_memory() {
        memory_ended = true;
        return nullptr;
    }
    void release(void* block) {
        if (!block) return;
        BlockHead* head = static_cast<BlockHead*>(block) - 1;
        used -= head->size;
        std::free(head);
    }
    void* reallocate(void* block, std::size_t size) {
        if (!block) return allocate(size);
        if (size == 0) {
            release(block);
            return nullptr;
        }
        BlockHead* head = static_cast<BlockHead*>(block) - 1;
        const std::size_t before = head->size;
        if (size > before && size - before > kMostMemory - std::min(used, kMostMemory)) {
            return out_of_memory();
        }
        head = static_cast<BlockHead*>(std::realloc(head, sizeof(BlockHead) + size));
        if (!head) return out_of_memory();
        head->size = size;
        used = used - before + size;
        return head + 1;
    }

    bool must_end() {
        time_ended = time_ended || stop->load(std::memory_order_relaxed) || clock->now() >= until;
        return time_ended;
    }

    duk_context* context = nullptr;
    const std::atomic<bool>* stop = nullptr;
    const Clock* clock = nullptr;
    Instant until = Instant::max();
    std::size_t used = 0;
    bool memory_ended = false, time_ended = false, broken = false;
};

namespace {

duk_context* make_context(ScriptHeap* heap) {
    return duk_create_heap(
        [](void* self, duk_size_t size) { return static_cast<ScriptHeap*>(self)->allocate(size); },
        [](void* self, void* block, duk_size_t size) {
            return static_cast<ScriptHeap*>(self)->reallocate(block, size);
        },
        [](void* self, void* block) { static_cast<ScriptHeap*>(self)->release(block); }, heap,
        nullptr);
}

duk_ret_t load(duk_context* context, void*) {
    for (const auto text : {jsonata_prelude(), jsonata_library(), jsonata_query()}) {
        duk_eval_lstring_noresult(context, text.data(), text.size());
    }
    return 0;
}

// Calls jsonQuery(body, path, operator, expected); leaves ok, conclusive and the message.
duk_ret_t ask_inside(duk_context* context, void* data) {
    const auto& question = *static_cast<const JsonQuestion*>(data);
    duk_get_global_string(context, "jsonQuery");
    for (const auto* text :
         {&question.body, &question.path, &question.operation, &question.expected}) {
        duk_push_lstring(context, text->data(), text->size());
    }
    duk_call(context, 4);
    duk_get_prop_string(context, -1, "ok");
    duk_get_prop_string(context, -2, "conclusive");
    duk_get_prop_string(context, -3, "message");
    return 3;
}

std::string text_at(duk_context* context, duk_idx_t index) {
    duk_size_t size = 0;
    const char* text = duk_safe_to_lstring(context, index, &size);
    return from_script({text, size});
}

duk_ret_t search_garbage(duk_context* context, void*) {
    duk_gc(context, 0);
    return 0;
}

// Of the three values on top of the stack, or of the error that took their place.
JsonVerdict verdict_of(const ScriptHeap& heap, bool answered) {
    const std::string failed = "Error evaluating JSON query: ";
    if (heap.time_ended) return {false, false, failed + "it takes too much time"};
    JsonVerdict verdict;
    if (answered) {
        verdict = {duk_get_boolean(heap.context, -3) != 0, duk_get_boolean(heap.context, -2) != 0,
                   text_at(heap.context, -1)};
    } else {
        verdict.message = failed + text_at(heap.context, -3);
    }
    const bool no_memory = verdict.message.find("alloc failed") != std::string::npos;
    if (!verdict.ok && heap.memory_ended && no_memory) {
        verdict = {false, false, failed + "it needs too much memory"};
    }
    return verdict;
}

}  // namespace

JsonEngine::JsonEngine(const std::atomic<bool>& stop, const Clock& clock)
    : heap_(std::make_unique<ScriptHeap>()) {
    heap_->stop = &stop;
    heap_->clock = &clock;
    heap_->context = make_context(heap_.get());
    if (!heap_->context || duk_safe_call(heap_->context, load, nullptr, 0, 1) != DUK_EXEC_SUCCESS) {
        heap_->broken = true;
        return;
    }
    duk_pop(heap_->context);
}

JsonEngine::~JsonEngine() = default;

JsonVerdict JsonEngine::ask(const JsonQuestion& question, Instant until) {
    if (!sound()) return {false, false, "JSON queries cannot be evaluated"};
    JsonQuestion inside{to_script(question.body), to_script(question.path),
                        to_script(question.operation), to_script(question.expected)};
    duk_context* context = heap_->context;
    heap_->until = until;
    heap_->time_ended = heap_->memory_ended = false;
    const bool answered = duk_safe_call(context, ask_inside, &inside, 0, 3) == DUK_EXEC_SUCCESS;
    heap_->until = Instant::max();
    JsonVerdict verdict = verdict_of(*heap_, answered);
    duk_pop_3(context);
    // What goes round in circles is only found by a search.
    if (heap_->used > kMostKeptMemory) duk_safe_call(context, search_garbage, nullptr, 0, 0);
    heap_->broken = !answered || heap_->time_ended || heap_->used > kMostKeptMemory;
    return verdict;
}

bool JsonEngine::sound() const { return !heap_->broken; }
std::size_t JsonEngine::memory_used() const { return heap_->used; }

}  // namespace higuma::checks

// Duktape asks this every few thousand steps; it knows the heap by what make_context gave it.
extern "C" int higuma_script_must_end(void* heap_data) {
    return static_cast<higuma::checks::ScriptHeap*>(heap_data)->must_end() ? 1 : 0;
}
