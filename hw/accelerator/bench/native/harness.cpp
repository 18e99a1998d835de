// Plays a script (see hw/accelerator/bench/script.py) to a Verilated accelerator.
//
// usage: harness SCRIPT RESULTS [--trace FILE]

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>

#include "Vtop.h"
#include "Vtop___024root.h"
#include "design.h"
#include "memory.h"
#include "verilated.h"
#include "verilated_save.h"
#ifdef TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

// Ports are plain integers up to 64 bits, and arrays of 32-bit words above.
template <typename T> uint8_t* octets_of(T& port) { return reinterpret_cast<uint8_t*>(&port); }

class Bench {
  public:
    explicit Bench(std::ostream& results) : results_(results) {
        renew();
        reset(2);
    }

    void play(std::istream& script) {
        std::string line;
        while (std::getline(script, line)) {
            std::istringstream words(line);
            std::string verb;
            if (words >> verb) command(verb, words);
        }
        top_.final();
    }

#ifdef TRACE
    void trace(const char* file) {
        context().traceEverOn(true);
        top_.trace(&trace_, 99);
        trace_.open(file);
        tracing_ = true;
    }
    ~Bench() { trace_.close(); }
#endif

  private:
    static VerilatedContext& context() { return *Verilated::threadContextp(); }

    void command(const std::string& verb, std::istream& words) {
        if (verb == "size") {
            dram_.assign(number(words), 0);
        } else if (verb == "image") {
            const uint64_t address = number(words);
            load(address, path(words));
        } else if (verb == "memory") {
            data_timing_ = timing(words);
        } else if (verb == "program_latency") {
            program_timing_.latency = static_cast<int64_t>(number(words));
        } else if (verb == "stalls") {
            random_.seed(number(words));
            stall_permille_ = number(words);
        } else if (verb == "errors") {
            const std::string port = name(words);
            errors_[port].clear();
            uint64_t burst;
            while (words >> burst) errors_[port].insert(burst);
        } else if (verb == "write") {
            const uint64_t offset = number(words);
            write(offset, static_cast<uint32_t>(number(words)));
        } else if (verb == "read") {
            const uint64_t offset = number(words);
            results_ << "read " << offset << ' ' << read(offset) << '\n';
        } else if (verb == "start") {
            start();
        } else if (verb == "wait") {
            wait(number(words));
        } else if (verb == "step") {
            for (uint64_t left = number(words); left; --left) cycle();
        } else if (verb == "trace") {
            trace_from_ = number(words);
            trace_to_ = number(words);
        } else if (verb == "watch") {
            const uint64_t count = number(words);
            const std::string memory = name(words);
            watches_.insert({count, {memory, path(words)}});
        } else if (verb == "checkpoint") {
            const uint64_t count = number(words);
            watches_.insert({count, {"", path(words)}});
        } else if (verb == "restore") {
            restore(path(words));
        } else if (verb == "reset") {
            reset(number(words));
        } else if (verb == "save") {
            const uint64_t address = number(words), length = number(words);
            std::ofstream file(path(words), std::ios::binary);
            file.write(reinterpret_cast<const char*>(&dram_.at(address)),
                       static_cast<std::streamsize>(length));
            if (!file) throw std::runtime_error("can not write DRAM to a file");
        } else if (verb == "local") {
            const std::string memory = name(words);
            save_local(memory, path(words));
        } else {
            throw std::runtime_error("unknown command " + verb);
        }
    }

    static uint64_t number(std::istream& words) {
        uint64_t value;
        if (!(words >> value)) throw std::runtime_error("a number is missing");
        return value;
    }

    static std::string name(std::istream& words) {
        std::string value;
        if (!(words >> value)) throw std::runtime_error("a name is missing");
        return value;
    }

    // All that is left of the line: paths may have spaces in them.
    static std::string path(std::istream& words) {
        std::string value;
        if (!std::getline(words >> std::ws, value)) throw std::runtime_error("a path is missing");
        return value;
    }

    static Timing timing(std::istream& words) {
        Timing timing;
        timing.banked = number(words) != 0;
        timing.latency = static_cast<int64_t>(number(words));
        timing.interval = static_cast<int64_t>(number(words));
        timing.outstanding = number(words);
        for (int64_t* value :
             {&timing.banks, &timing.row_bytes, &timing.activate, &timing.precharge,
              &timing.column, &timing.refresh_interval, &timing.refresh}) {
            *value = static_cast<int64_t>(number(words));
        }
        return timing;
    }

    void load(uint64_t address, const std::string& name) {
        std::ifstream file(name, std::ios::binary | std::ios::ate);
        if (!file) throw std::runtime_error("can not read " + name);
        const auto length = static_cast<uint64_t>(file.tellg());
        if (address + length > dram_.size()) throw std::runtime_error(name + " is beyond DRAM");
        file.seekg(0);
        file.read(reinterpret_cast<char*>(dram_.data() + address),
                  static_cast<std::streamsize>(length));
    }

    // Memories without anything under way; time begins in the next cycle.
    void renew() {
        data_ = std::make_unique<AxiMemory>(dram_, BUS_BYTES, data_timing_);
        program_ = std::make_unique<AxiMemory>(dram_, PROGRAM_BYTES, program_timing_);
        data_->read_errors = errors_["read"];
        data_->write_errors = errors_["write"];
        program_->read_errors = errors_["program"];
        offers_r_ = offers_b_ = offers_program_r_ = false;
    }

    void reset(uint64_t cycles) {
        top_.rst = 1;
        for (; cycles; --cycles) cycle();
        top_.rst = 0;
        renew();
    }

    void write(uint64_t offset, uint32_t value) {
        top_.s_axil_awvalid = top_.s_axil_wvalid = 1;
        top_.s_axil_awaddr = offset;
        top_.s_axil_wdata = value;
        top_.s_axil_bready = 1;
        while (!cycle().written) {
        }
        top_.s_axil_awvalid = top_.s_axil_wvalid = 0;
    }

    uint32_t read(uint64_t offset) {
        top_.s_axil_arvalid = 1;
        top_.s_axil_araddr = offset;
        top_.s_axil_rready = 1;
        while (!cycle().asked) {
        }
        top_.s_axil_arvalid = 0;
        uint32_t word = top_.s_axil_rdata;
        while (!cycle().answered) word = top_.s_axil_rdata;
        return last_word_;
    }

    void save_local(const std::string& memory, const std::string& name) {
        std::ofstream file(name, std::ios::binary);
        dump_local(*top_.rootp, memory, file);
        if (!file) throw std::runtime_error("can not write a local memory to " + name);
    }

    // Everything that changes while a program runs.
    void archive(Archive& state) {
        state.plain(cycle_);
        state.plain(started_);
        state.plain(stores_done_);
        for (bool* value : {&offers_r_, &offers_b_, &offers_program_r_}) state.plain(*value);
        state.size(dram_);
        state.bytes(dram_.data(), dram_.size());
        data_->archive(state);
        program_->archive(state);
    }

    void checkpoint(const std::string& name) {
        const std::string partial = name + ".partial", model = name + ".model";
        {
            std::ofstream file(partial, std::ios::binary);
            Archive state(file);
            archive(state);
            file.flush();
            VerilatedSave out;
            out.open(model + ".partial");
            out << top_;
            out.close();
            if (!file) throw std::runtime_error("can not write " + partial);
        }
        if (std::rename((model + ".partial").c_str(), model.c_str())
            || std::rename(partial.c_str(), name.c_str())) {
            throw std::runtime_error("can not write " + name);
        }
    }

    void restore(const std::string& name) {
        renew();
        std::ifstream file(name, std::ios::binary);
        Archive state(file);
        archive(state);
        if (!file) throw std::runtime_error("can not read " + name);
        VerilatedRestore in;
        in.open(name + ".model");
        in >> top_;
        in.close();
        // What came before it has been seen to.
        watches_.erase(watches_.begin(), watches_.upper_bound(stores_done_));
    }

    // What was asked for when so many instructions of the store queue are done.
    void look() {
        ++stores_done_;
        const auto due = watches_.equal_range(stores_done_);
        for (auto watch = due.first; watch != due.second; ++watch) {
            const auto& [memory, file] = watch->second;
            if (memory.empty()) {
                checkpoint(file);
            } else {
                save_local(memory, file);
            }
            results_ << "reached " << stores_done_ << ' ' << cycle_ - started_ << std::endl;
        }
    }

    void start() {
        // What the last program asked for may still be coming.
        while (!data_->idle() || !program_->idle()) cycle();
        write(CONTROL_OFFSET, 1);
        renew();
        started_ = cycle_;
        stores_done_ = 0;
    }

    void wait(uint64_t limit) {
        const uint64_t end = cycle_ + limit;
        while (cycle_ < end && !top_.irq) cycle();
        results_ << "cycles " << (top_.irq ? cycle_ - started_ : 0) << '\n';
    }

    bool stalls() { return stall_permille_ && random_() % 1000 < stall_permille_; }

    struct Transfers {
        bool written, asked, answered;
    };

    Transfers cycle() {
        AxiMemory& data = *data_;
        AxiMemory& program = *program_;
        top_.m_axi_arready = data.ar_ready() && !stalls();
        top_.m_axi_awready = data.aw_ready() && !stalls();
        top_.m_axi_wready = data.w_ready() && !stalls();
        top_.m_axi_program_arready = program.ar_ready() && !stalls();
        // What has been offered stays until it is taken.
        offers_r_ = data.has_read_beat() && (offers_r_ || !stalls());
        offers_b_ = data.has_answer() && (offers_b_ || !stalls());
        offers_program_r_ = program.has_read_beat() && (offers_program_r_ || !stalls());
        top_.m_axi_rvalid = offers_r_;
        top_.m_axi_bvalid = offers_b_;
        top_.m_axi_program_rvalid = offers_program_r_;
        if (offers_r_) {
            for (unsigned lane = 0; lane < BUS_BYTES; ++lane) {
                octets_of(top_.m_axi_rdata)[lane] = data.read_octet(lane);
            }
            top_.m_axi_rlast = data.read_last();
            top_.m_axi_rresp = data.read_error() ? 2 : 0;
        }
        if (offers_b_) top_.m_axi_bresp = data.answer_error() ? 2 : 0;
        if (offers_program_r_) {
            for (unsigned lane = 0; lane < PROGRAM_BYTES; ++lane) {
                octets_of(top_.m_axi_program_rdata)[lane] = program.read_octet(lane);
            }
            top_.m_axi_program_rlast = program.read_last();
            top_.m_axi_program_rresp = program.read_error() ? 2 : 0;
        }
        top_.clk = 0;
        top_.eval();
        dump();
        const Transfers transfers{top_.s_axil_awvalid && top_.s_axil_awready,
                                  top_.s_axil_arvalid && top_.s_axil_arready,
                                  top_.s_axil_rvalid && top_.s_axil_rready};
        if (transfers.answered) last_word_ = top_.s_axil_rdata;
        if (!top_.rst) transfer(data, program);
        const bool store_done = UNITS_DONE(top_) >> 2 & 1;
        top_.clk = 1;
        top_.eval();
        dump();
        data.tick();
        program.tick();
        ++cycle_;
        if (store_done) look();
        return transfers;
    }

    void transfer(AxiMemory& data, AxiMemory& program) {
        if (top_.m_axi_arvalid && top_.m_axi_arready) {
            data.take_ar(top_.m_axi_araddr, top_.m_axi_arlen + 1U);
        }
        if (offers_r_ && top_.m_axi_rready) {
            data.take_r();
            offers_r_ = false;
        }
        if (top_.m_axi_awvalid && top_.m_axi_awready) {
            data.take_aw(top_.m_axi_awaddr, top_.m_axi_awlen + 1U);
        }
        if (top_.m_axi_wvalid && top_.m_axi_wready) {
            const uint8_t* octets = octets_of(top_.m_axi_wdata);
            data.take_w({octets, octets + BUS_BYTES}, top_.m_axi_wstrb);
        }
        if (offers_b_ && top_.m_axi_bready) {
            data.take_b();
            offers_b_ = false;
        }
        if (top_.m_axi_program_arvalid && top_.m_axi_program_arready) {
            program.take_ar(top_.m_axi_program_araddr, top_.m_axi_program_arlen + 1U);
        }
        if (offers_program_r_ && top_.m_axi_program_rready) {
            program.take_r();
            offers_program_r_ = false;
        }
    }

    void dump() {
#ifdef TRACE
        const uint64_t since = cycle_ - started_;
        if (tracing_ && started_ && since >= trace_from_ && since < trace_to_) {
            trace_.dump(2 * cycle_ + top_.clk);
        }
#endif
    }

    std::ostream& results_;
    Vtop top_;
    std::vector<uint8_t> dram_;
    Timing data_timing_;
    Timing program_timing_;
    std::map<std::string, std::set<uint64_t>> errors_;
    std::mt19937_64 random_;
    uint64_t stall_permille_ = 0;
    std::unique_ptr<AxiMemory> data_;
    std::unique_ptr<AxiMemory> program_;
    bool offers_r_ = false, offers_b_ = false, offers_program_r_ = false;
    uint32_t last_word_ = 0;
    uint64_t cycle_ = 0;
    uint64_t started_ = 0;
    uint64_t stores_done_ = 0;
    std::multimap<uint64_t, std::pair<std::string, std::string>> watches_;
    uint64_t trace_from_ = 0, trace_to_ = UINT64_MAX;
#ifdef TRACE
    VerilatedVcdC trace_;
    bool tracing_ = false;
#endif
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: harness SCRIPT RESULTS [--trace FILE]\n";
        return 2;
    }
    try {
        std::ifstream script(argv[1]);
        std::ofstream results(argv[2]);
        if (!script || !results) throw std::runtime_error("can not open script or results");
        Bench bench(results);
#ifdef TRACE
        if (argc == 5) bench.trace(argv[4]);
#endif
        bench.play(script);
        results.flush();
        if (!results) throw std::runtime_error("can not write results");
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 2;
    }
    return 0;
}
