#include <fmt/format.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <glissade/words.h>

#include "engine/batches/batch.h"
#include "engine/model/access.h"
#include "engine/model/impl.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

double length(std::span<const float> v) noexcept {
  return std::sqrt(static_cast<double>(simd::kernels().sum_squares_f32(v.data(), v.size())));
}

/// Scores of a block of rows, so that 16 directions share one pass over them.
constexpr std::size_t kQuestionsAtOnce = 16;

}  // namespace

WordVectors::WordVectors(std::vector<float> vectors, std::uint32_t width)
    : vectors_(std::move(vectors)), units_(vectors_), width_(width) {
  for (std::size_t word = 0; word < size(); ++word) {
    const double norm = length(vector(word));
    if (norm > 0) simd::kernels().scale_f32(static_cast<float>(1 / norm), units_.data() + word * width_, width_);
  }
}

Result<WordVectors> WordVectors::create(const Model& model, const SparseRows& bags) {
  const ParameterRows& rows = impl_of(model).network.input.rows;
  if (auto valid = check_rows(bags, model.shape().features, "feature"); !valid) return valid.error();
  const std::size_t width = rows.width();
  std::vector<float> vectors(bags.rows() * width);
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, bags.rows(), 256), [&](const tbb::blocked_range<std::size_t>& range) {
    std::vector<float> row(width);
    for (std::size_t word = range.begin(); word != range.end(); ++word) {
      const auto ids = bags.row_ids(word);
      const auto values = bags.row_values(word);
      for (std::size_t j = 0; j < ids.size(); ++j) {
        rows.read_forward(ids[j], row.data());
        simd::kernels().axpy_f32(values.empty() ? 1.f : values[j], row.data(), vectors.data() + word * width, width);
      }
    }
  });
  return WordVectors(std::move(vectors), static_cast<std::uint32_t>(width));
}

double WordVectors::cosine(std::uint32_t a, std::uint32_t b) const noexcept {
  const float* const x = units_.data() + std::size_t{a} * width_;
  const float* const y = units_.data() + std::size_t{b} * width_;
  return std::inner_product(x, x + width_, y, 0.0, std::plus<>(), [](float u, float v) { return double{u} * double{v}; });
}

std::vector<WordVectors::Neighbour> WordVectors::nearest(std::span<const float> direction, std::size_t k,
                                                         std::span<const std::uint32_t> except, std::size_t among) const {
  std::vector<std::uint32_t> ids(std::min(among, size()));
  std::iota(ids.begin(), ids.end(), 0u);
  std::vector<float> scores(ids.size());
  simd::kernels().dots_f32(direction.data(), units_.data(), width_, ids.data(), ids.size(), width_, scores.data());
  for (const std::uint32_t word : except) {
    if (word < scores.size()) scores[word] = std::nanf("");
  }
  const double norm = length(direction);
  k = std::min(k, ids.size());
  std::vector<float> best(k);
  ids.resize(std::max(ids.size(), k));
  const std::size_t found = simd::kernels().topk_f32(scores.data(), scores.size(), k, ids.data(), best.data());
  std::vector<Neighbour> out;
  for (std::size_t i = 0; i < found; ++i)
    out.push_back({ids[i], norm > 0 ? static_cast<float>(static_cast<double>(best[i]) / norm) : 0.f});
  return out;
}

std::vector<float> WordVectors::analogy_direction(std::uint32_t a, std::uint32_t b, std::uint32_t c) const {
  const auto unit = [&](std::uint32_t word) { return units_.data() + std::size_t{word} * width_; };
  std::vector<float> direction(unit(b), unit(b) + width_);
  simd::kernels().axpy_f32(-1.f, unit(a), direction.data(), width_);
  simd::kernels().axpy_f32(1.f, unit(c), direction.data(), width_);
  return direction;
}

std::vector<char> WordVectors::solve(std::span<const Analogy> questions, std::size_t among) const {
  std::vector<char> right(questions.size());
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t words = std::min(among, size());
  const auto solve_block = [&](std::size_t first, std::size_t count) {
    std::vector<std::vector<float>> directions;
    std::vector<float> best(count, -std::numeric_limits<float>::infinity());
    std::vector<std::uint32_t> answer(count, 0xffffffffu);
    for (std::size_t q = 0; q < count; ++q) {
      const Analogy& ask = questions[first + q];
      directions.push_back(analogy_direction(ask.a, ask.b, ask.c));
    }
    float scores[simd::kPairColumns * kQuestionsAtOnce];
    const float* a[kQuestionsAtOnce];
    for (std::size_t q = 0; q < count; ++q) a[q] = directions[q].data();
    for (std::size_t word = 0; word < words; word += simd::kPairColumns) {
      const std::size_t n = std::min(simd::kPairColumns, words - word);
      const float* b[simd::kPairColumns];
      for (std::size_t j = 0; j < n; ++j) b[j] = units_.data() + (word + j) * width_;
      kernels.pair_dots_f32(a, count, b, n, width_, scores);
      for (std::size_t q = 0; q < count; ++q) {
        const Analogy& ask = questions[first + q];
        for (std::size_t j = 0; j < n; ++j) {
          const auto id = static_cast<std::uint32_t>(word + j);
          if (scores[q * n + j] <= best[q] || id == ask.a || id == ask.b || id == ask.c) continue;
          best[q] = scores[q * n + j];
          answer[q] = id;
        }
      }
    }
    for (std::size_t q = 0; q < count; ++q) right[first + q] = static_cast<char>(answer[q] == questions[first + q].expected);
  };
  tbb::parallel_for(std::size_t{0}, (questions.size() + kQuestionsAtOnce - 1) / kQuestionsAtOnce, [&](std::size_t block) {
    solve_block(block * kQuestionsAtOnce, std::min(kQuestionsAtOnce, questions.size() - block * kQuestionsAtOnce));
  });
  return right;
}

}  // namespace glissade
