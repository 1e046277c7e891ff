// JSONata in a JavaScript heap of its own, with a limit of memory and of time for each question.
// For one thread at a time; an engine whose limits were hit is thrown away.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.hpp"

namespace higuma::checks {

struct JsonQuestion {
    std::string body;  // the answer of a server; JSON or any text
    std::string path;  // a JSONata expression; empty: the body itself
    // "==", "!=", ">", "<", ">=", "<=", "contains"; or "value": the verdict's message is the value
    // of a body that must be JSON.
    std::string operation;
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
    // `stop`: ends what runs when it becomes true. Both outlive the engine; the clock is asked on
    // whatever thread the engine runs.
    JsonEngine(const std::atomic<bool>& stop, const Clock& clock);
    ~JsonEngine();
    JsonEngine(const JsonEngine&) = delete;
    JsonEngine& operator=(const JsonEngine&) = delete;

    // Never throws; what goes wrong is a verdict that is not ok.
    JsonVerdict ask(const JsonQuestion& question, Instant until);
    // Whether another question may be asked.
    bool sound() const;
    std::size_t memory_used() const;

  private:
    std::unique_ptr<ScriptHeap> heap_;
};

}  // namespace higuma::checks
