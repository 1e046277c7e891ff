// JSONata in a JavaScript heap of its own, with a limit of memory and of time for each question.
// For one thread at a time; an engine whose limits were hit is thrown away.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.hpp"

namespace higuma::checks {

struct JsonQuestion {
    std::string body;       // the answer of a server; JSON or any text
    std::string path;       // a JSONata expression; empty: the body itself
    std::string operation;  // "==", "!=", ">", "<", ">=", "<=", "contains"
    std::string expected;
};

struct JsonVerdict {
    bool ok = false;
    bool conclusive = false;  // the query was answered, and the answer is no
    std::string message;
};

struct ScriptHeap;

class JsonEngine {
  public:
    // `stop`: ends what runs when it becomes true; outlives the engine.
    explicit JsonEngine(const std::atomic<bool>& stop);
    ~JsonEngine();
    JsonEngine(const JsonEngine&) = delete;
    JsonEngine& operator=(const JsonEngine&) = delete;

    // Never throws; what goes wrong is a verdict that is not ok. `until` is of the steady clock.
    JsonVerdict ask(const JsonQuestion& question, std::chrono::steady_clock::time_point until);
    // Whether another question may be asked.
    bool sound() const;
    std::size_t memory_used() const;

  private:
    std::unique_ptr<ScriptHeap> heap_;
};

}  // namespace higuma::checks
