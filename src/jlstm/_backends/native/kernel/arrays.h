// The arrays of a call. Each is taken by the name, type and shape that it must have, so
// that a call that does not fit is refused before any of its memory is touched.

#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "memory.h"
#include "numbers.h"
#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace {

namespace ffi = xla::ffi;
using Shape = std::initializer_list<Index>;

// What is wrong with a call; the message is for whoever made it.
struct BadCall : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};
void require(bool holds, const std::string& otherwise) {
  if (!holds) throw BadCall(otherwise);
}

template <class T>
constexpr ffi::DataType TYPE = ffi::DataType::INVALID;
template <>
constexpr ffi::DataType TYPE<float> = ffi::DataType::F32;
template <>
constexpr ffi::DataType TYPE<double> = ffi::DataType::F64;
template <>
constexpr ffi::DataType TYPE<Bfloat> = ffi::DataType::BF16;
template <>
constexpr ffi::DataType TYPE<int32_t> = ffi::DataType::S32;
template <>
constexpr ffi::DataType TYPE<bool> = ffi::DataType::PRED;

template <class Sizes>
std::string describe(ffi::DataType type, const Sizes& sizes) {
  std::string name = type == TYPE<float>     ? "f32"
                     : type == TYPE<double>  ? "f64"
                     : type == TYPE<Bfloat>  ? "bf16"
                     : type == TYPE<int32_t> ? "i32"
                     : type == TYPE<bool>    ? "bool"
                                             : "another type";
  std::string text;
  for (Index size : sizes) text += (text.empty() ? "" : ",") + std::to_string(size);
  return name + "[" + text + "]";
}

// An array under its name.
class Array {
 public:
  Array(const char* name, ffi::AnyBuffer buffer) : name_(name), buffer_(buffer) {}

  // Its memory, or a null pointer if it has no elements.
  template <class T>
  T* as(Shape wanted) const {
    constexpr ffi::DataType type = TYPE<std::remove_const_t<T>>;
    // Without `require`: calls are frequent, and the message would be made for each.
    if (!is(type, wanted)) throw BadCall(text() + ", not " + describe(type, wanted));
    if (!moderate(wanted)) throw BadCall(text() + ", which is too large");
    return buffer_.element_count() ? static_cast<T*>(buffer_.untyped_data()) : nullptr;
  }
  // An empty array stands for one that there is not: XLA's calls have a fixed number of
  // arrays, and no null pointers.
  bool absent() const { return is(TYPE<float>, {0}); }

  template <class T>
  bool has() const {
    return buffer_.element_type() == TYPE<T>;
  }

  template <size_t N>
  std::array<Index, N> sizes() const {
    auto given = buffer_.dimensions();
    if (given.size() != N)
      throw BadCall(text() + ", not of " + std::to_string(N) + " axes");
    std::array<Index, N> sizes;
    std::copy(given.begin(), given.end(), sizes.begin());
    return sizes;
  }

 private:
  bool is(ffi::DataType type, Shape wanted) const {
    auto given = buffer_.dimensions();
    return buffer_.element_type() == type &&
           std::equal(given.begin(), given.end(), wanted.begin(), wanted.end());
  }
  // Whether sums of a few such sizes, times the number of threads, are far from an
  // overflow; also where one of the sizes is zero, and the memory says nothing.
  static bool moderate(Shape shape) {
    double elements = 1;
    for (Index size : shape) elements *= std::max<Index>(size, 1);
    return elements <= double(Index{1} << 40);
  }
  std::string text() const {
    return std::string(name_) + " is " +
           describe(buffer_.element_type(), buffer_.dimensions());
  }

  const char* name_;
  ffi::AnyBuffer buffer_;
};

ffi::AnyBuffer buffer_of(ffi::RemainingArgs& list, size_t i) {
  return list.get<ffi::AnyBuffer>(i).value();
}
ffi::AnyBuffer buffer_of(ffi::RemainingRets& list, size_t i) {
  return *list.get<ffi::AnyBuffer>(i).value();
}

// All arrays of one kind, to be taken one after the other.
template <class List, class Number>
class Arrays {
 public:
  Arrays(List& list, size_t count) : list_(list) {
    if (list.size() != count)
      throw BadCall("a call has " + std::to_string(list.size()) + " arrays, not " +
                    std::to_string(count));
  }

  template <size_t N>
  std::array<Index, N> sizes(const char* name) const {
    return next(name).template sizes<N>();
  }
  template <class T = Number>
  T* take(const char* name, Shape shape) {
    T* memory = next(name).template as<T>(shape);
    ++next_;
    if constexpr (!std::is_const_v<T>) advise_huge(memory, sizeof(T) * count_of(shape));
    return memory;
  }
  // The array if it is wanted; else it must be absent.
  template <class T = Number>
  T* take_if(bool wanted, const char* name, Shape shape) {
    if (wanted) return take<T>(name, shape);
    take<const float>(name, {0});
    return nullptr;
  }
  // An array of numbers whose kind is known when a call comes.
  using Any = std::conditional_t<std::is_const_v<Number>, const void, void>;
  Any* take(const char* name, Shape shape, Numbers numbers) {
    return with_numbers(numbers, [&](auto number) -> Any* {
      using T = decltype(number);
      using As = std::conditional_t<std::is_const_v<Number>, const T, T>;
      return take<As>(name, shape);
    });
  }
  Any* maybe(const char* name, Shape shape, Numbers numbers) {
    if (!next(name).absent()) return take(name, shape, numbers);
    return take_if(false, name, shape);
  }
  // The kind of the next array; any but a narrow one is to be Real.
  Numbers numbers(const char* name) const {
    return next(name).template has<Bfloat>() ? BFLOAT : REAL;
  }
  // A null pointer if it is absent.
  template <class T = Number>
  T* maybe(const char* name, Shape shape) {
    return take_if<T>(!next(name).absent(), name, shape);
  }

 private:
  Array next(const char* name) const { return {name, buffer_of(list_, next_)}; }
  static size_t count_of(Shape shape) {
    size_t count = 1;
    for (Index size : shape) count *= size;
    return count;
  }

  List& list_;
  size_t next_ = 0;
};
using Inputs = Arrays<ffi::RemainingArgs, const Real>;
using Outputs = Arrays<ffi::RemainingRets, Real>;

}  // namespace
