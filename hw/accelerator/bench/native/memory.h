// The memory behind an AXI port, cycle by cycle; the same as hw/bench/accelerator/memory.py.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <istream>
#include <ostream>
#include <map>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

struct Timing {
    int64_t latency = 1;
    int64_t interval = 1;
    uint64_t outstanding = UINT64_MAX;
    bool banked = false;
    int64_t banks = 1;
    int64_t row_bytes = 1;
    int64_t activate = 0;
    int64_t precharge = 0;
    int64_t column = 0;
    int64_t refresh_interval = 1;
    int64_t refresh = 0;
};

// Writes plain values to a stream, or reads them back: what it is given is the same for both.
class Archive {
  public:
    explicit Archive(std::ostream& out) : out_(&out) {}
    explicit Archive(std::istream& in) : in_(&in) {}

    bool reads() const { return in_ != nullptr; }

    template <typename T> void plain(T& value) {
        static_assert(std::is_trivially_copyable<T>::value, "plain values only");
        bytes(&value, sizeof value);
    }
    template <typename T> void sequence(T& items) {
        size(items);
        for (auto& item : items) plain(item);
    }
    void table(std::map<int64_t, int64_t>& items) {
        std::vector<std::pair<int64_t, int64_t>> pairs(items.begin(), items.end());
        size(pairs);
        for (auto& pair : pairs) {
            plain(pair.first);
            plain(pair.second);
        }
        items = {pairs.begin(), pairs.end()};
    }
    template <typename T> void size(T& items) {
        uint64_t count = items.size();
        plain(count);
        items.resize(count);
    }
    void bytes(void* place, std::size_t count) {
        if (in_) {
            in_->read(static_cast<char*>(place), static_cast<std::streamsize>(count));
        } else {
            out_->write(static_cast<const char*>(place), static_cast<std::streamsize>(count));
        }
    }

  private:
    std::istream* in_ = nullptr;
    std::ostream* out_ = nullptr;
};

// Bursts of both directions are served in the order in which they arrive; the same as
// golden/accelerator/dram.py.
class BankedTiming {
  public:
    explicit BankedTiming(const Timing& timing) : timing_(timing) {}

    // Cycle of the first beat.
    int64_t serve(int64_t arrival, uint64_t address, int64_t beats) {
        const int64_t block = static_cast<int64_t>(address) / timing_.row_bytes;
        const int64_t bank = block % timing_.banks;
        const int64_t row = block / timing_.banks;
        int64_t start = refreshed(std::max(arrival + timing_.latency, start_ + 1));
        bool hit = is_open(bank, row);
        if (!hit && busy_until_[bank] > start) {
            start = refreshed(busy_until_[bank]);
            hit = is_open(bank, row);
        }
        int64_t wait = timing_.column;
        if (!hit) {
            wait += timing_.activate + (rows_.count(bank) ? timing_.precharge : 0);
        }
        const int64_t first = std::max(start + wait, bus_free_);
        start_ = start;
        rows_[bank] = row;
        bus_free_ = busy_until_[bank] = first + beats * timing_.interval;
        return first;
    }

    void archive(Archive& state) {
        for (int64_t* value : {&start_, &bus_free_, &epoch_}) state.plain(*value);
        state.table(rows_);
        state.table(busy_until_);
    }

  private:
    bool is_open(int64_t bank, int64_t row) const {
        const auto found = rows_.find(bank);
        return found != rows_.end() && found->second == row;
    }

    int64_t refreshed(int64_t start) {
        const int64_t epoch = start / timing_.refresh_interval;
        const int64_t phase = start % timing_.refresh_interval;
        if (epoch && phase < timing_.refresh) start += timing_.refresh - phase;
        if (epoch != epoch_) {
            epoch_ = epoch;
            rows_.clear();
        }
        return start;
    }

    Timing timing_;
    int64_t start_ = -1;
    int64_t bus_free_ = 0;
    int64_t epoch_ = 0;
    std::map<int64_t, int64_t> rows_;
    std::map<int64_t, int64_t> busy_until_;
};

class AxiMemory {
  public:
    AxiMemory(std::vector<uint8_t>& octets, unsigned bus_bytes, const Timing& timing)
        : octets_(octets), bus_bytes_(bus_bytes), timing_(timing), banked_(timing) {}

    std::set<uint64_t> read_errors;
    std::set<uint64_t> write_errors;

    bool idle() const {
        return reads_.empty() && !accepted_ && writes_.empty() && beats_.empty()
               && answers_.empty();
    }

    bool ar_ready() const { return reads_.size() < timing_.outstanding; }
    void take_ar(uint64_t address, unsigned beats) {
        accepted_ = true;
        burst_ = {address, beats, cycle_ + timing_.latency, read_errors.count(read_number_++) > 0};
    }

    bool has_read_beat() const {
        return !reads_.empty()
               && cycle_ >= std::max(reads_.front().due, last_read_ + timing_.interval);
    }
    bool read_last() const { return reads_.front().beats == 1; }
    bool read_error() const { return reads_.front().error; }
    uint8_t read_octet(unsigned lane) const {
        const uint64_t address = reads_.front().address + lane;
        return address < octets_.size() ? octets_[address] : 0;
    }
    void take_r() {
        reads_.front().address += bus_bytes_;
        last_read_ = cycle_;
        if (!--reads_.front().beats) reads_.pop_front();
    }

    bool aw_ready() const { return writes_.size() + answers_.size() < timing_.outstanding; }
    void take_aw(uint64_t address, unsigned beats) {
        writes_.push_back({address, beats, 0, write_errors.count(write_number_++) > 0});
    }
    bool w_ready() const { return cycle_ >= last_beat_ + timing_.interval; }
    void take_w(std::vector<uint8_t> octets, uint64_t strobe) {
        last_beat_ = cycle_;
        beats_.emplace_back(std::move(octets), strobe);
    }
    bool has_answer() const { return !answers_.empty() && cycle_ >= answers_.front().due; }
    bool answer_error() const { return answers_.front().error; }
    void take_b() { answers_.pop_front(); }

    void tick() {
        if (accepted_) {
            accepted_ = false;
            if (timing_.banked) burst_.due = banked_.serve(cycle_, burst_.address, burst_.beats);
            reads_.push_back(burst_);
        }
        if (!writes_.empty() && beats_.size() >= writes_.front().beats) finish_write();
        ++cycle_;
    }

    // All but the contents, the timing and the errors.
    void archive(Archive& state) {
        banked_.archive(state);
        for (int64_t* value : {&cycle_, &last_read_, &last_beat_}) state.plain(*value);
        for (uint64_t* value : {&read_number_, &write_number_}) state.plain(*value);
        state.plain(accepted_);
        state.plain(burst_);
        state.sequence(reads_);
        state.sequence(writes_);
        state.sequence(answers_);
        state.size(beats_);
        for (auto& beat : beats_) {
            state.size(beat.first);
            state.bytes(beat.first.data(), beat.first.size());
            state.plain(beat.second);
        }
    }

  private:
    struct Burst {
        uint64_t address;
        unsigned beats;
        int64_t due;
        bool error;
    };

    void finish_write() {
        Burst burst = writes_.front();
        writes_.pop_front();
        burst.due = cycle_ + timing_.latency;
        if (timing_.banked) {
            burst.due = banked_.serve(cycle_, burst.address, burst.beats)
                        + burst.beats * timing_.interval;
        }
        for (unsigned number = 0; number < burst.beats; ++number) {
            const uint64_t address = burst.address + uint64_t{number} * bus_bytes_;
            for (unsigned lane = 0; lane < bus_bytes_; ++lane) {
                const bool written = beats_.front().second >> lane & 1;
                if (written && address + lane < octets_.size()) {
                    octets_[address + lane] = beats_.front().first[lane];
                }
            }
            beats_.pop_front();
        }
        answers_.push_back(burst);
    }

    static constexpr int64_t kLongAgo = -(int64_t{1} << 60);

    std::vector<uint8_t>& octets_;
    unsigned bus_bytes_;
    Timing timing_;
    BankedTiming banked_;
    int64_t cycle_ = 0;
    std::deque<Burst> reads_;
    int64_t last_read_ = kLongAgo;
    uint64_t read_number_ = 0;
    bool accepted_ = false;
    Burst burst_{};
    std::deque<Burst> writes_;
    std::deque<std::pair<std::vector<uint8_t>, uint64_t>> beats_;
    int64_t last_beat_ = kLongAgo;
    uint64_t write_number_ = 0;
    std::deque<Burst> answers_;
};
