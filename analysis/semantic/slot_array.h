#pragma once

// What versions of a file know about its regions, one entry a region. Successive versions share all but a few entries, and a
// copy shares them by the chunk: an edit costs what it changes, not the length of the file.

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace awaitls::analysis {

/// An array of shared, immutable T. Copies may be used by different threads; one array by one thread at a time.
template <typename T>
class SlotArray {
public:
    SlotArray() = default;
    SlotArray(const SlotArray& other)
        : chunks_(other.chunks_), own_(other.chunks_.size(), false), size_(other.size_) {}
    SlotArray& operator=(const SlotArray& other) {
        if (this != &other) {
            chunks_ = other.chunks_;
            own_.assign(chunks_.size(), false);
            size_ = other.size_;
        }
        return *this;
    }
    SlotArray(SlotArray&&) = default;
    SlotArray& operator=(SlotArray&&) = default;
    ~SlotArray() = default;

    std::size_t size() const { return size_; }
    /// All entries are null afterwards.
    void reset(std::size_t size) {
        size_ = size;
        chunks_.assign((size + kChunk - 1) / kChunk, nullptr);
        own_.assign(chunks_.size(), false);
    }
    const std::shared_ptr<const T>& operator[](std::size_t index) const {
        static const std::shared_ptr<const T> none;
        const std::shared_ptr<Chunk>& chunk = chunks_[index / kChunk];
        return chunk ? (*chunk)[index % kChunk] : none;
    }
    void set(std::size_t index, std::shared_ptr<const T> value) {
        const std::size_t at = index / kChunk;
        if (!own_[at]) {
            chunks_[at] =
                chunks_[at] ? std::make_shared<Chunk>(*chunks_[at]) : std::make_shared<Chunk>();
            own_[at] = true;
        }
        (*chunks_[at])[index % kChunk] = std::move(value);
    }

private:
    static constexpr std::size_t kChunk = 32;
    using Chunk = std::array<std::shared_ptr<const T>, kChunk>;

    std::vector<std::shared_ptr<Chunk>> chunks_;
    std::vector<bool> own_; // chunks that no other array shares
    std::size_t size_ = 0;
};

} // namespace awaitls::analysis
