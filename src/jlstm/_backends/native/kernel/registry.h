// The cells that calls may name.

#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "arrays.h"
#include "program.h"

namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, const program::Program*, std::less<>> programs;
  void (*on_missing)(const char* key) = nullptr;
};
Registry& registry() {
  static auto* it = new Registry;  // never destroyed: a call may outlive main
  return *it;
}

const program::Program* look_up(std::string_view key) {
  std::lock_guard<std::mutex> lock(registry().mutex);
  auto found = registry().programs.find(key);
  return found == registry().programs.end() ? nullptr : found->second;
}

// A cell by its key. What is missing is asked for once: a program from JAX's cache may
// come before the cells that it calls.
const program::Program& find_cell(std::string_view key) {
  const program::Program* found = look_up(key);
  if (!found) {
    void (*ask)(const char*);
    {
      std::lock_guard<std::mutex> lock(registry().mutex);
      ask = registry().on_missing;
    }
    if (ask) ask(std::string(key).c_str());
    found = look_up(key);
  }
  if (!found) throw BadCall("no cell is registered under " + std::string(key));
  if (found->version != program::PROGRAM_VERSION)
    throw BadCall("the cell " + std::string(key) + " is of version " +
                  std::to_string(found->version) + ", not " +
                  std::to_string(program::PROGRAM_VERSION));
  return *found;
}

}  // namespace

extern "C" void jlstm_register(const char* key, const void* program) {
  std::lock_guard<std::mutex> lock(registry().mutex);
  registry().programs[key] = static_cast<const program::Program*>(program);
}

extern "C" void jlstm_on_missing(void (*callback)(const char* key)) {
  std::lock_guard<std::mutex> lock(registry().mutex);
  registry().on_missing = callback;
}
