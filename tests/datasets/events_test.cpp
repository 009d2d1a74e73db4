// Logs of events: sequences of users in the order of time, times as numbers and dates, and a cut at one moment.
#include "datasets/events.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "datasets/next_item_rows.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;
using Strings = std::vector<std::string>;
using Numbers = std::vector<std::uint32_t>;
using Offsets = std::vector<std::uint64_t>;

const EventColumns kColumns{"user", "item", "ts"};

struct Reader {
  TemporaryFolder folder;
  std::string name = "'" + (folder / "log") + "'";

  RecordFiles open(const std::string& text, const EventColumns& columns, std::size_t block_bytes = 1 << 20) {
    RecordOptions options;
    options.columns = columns.asked();
    options.block_bytes = block_bytes;
    auto files = RecordFiles::open(folder.file("log", text), options);
    if (!files) FAIL(files.error().message);
    return std::move(*files);
  }
  EventLog read(const std::string& text, const EventColumns& columns = kColumns, std::size_t block_bytes = 1 << 20) {
    auto log = read_events(open(text, columns, block_bytes), columns);
    if (!log) FAIL(log.error().message);
    return std::move(*log);
  }
  std::string refusal(const std::string& text, const EventColumns& columns = kColumns, std::size_t block_bytes = 1 << 20) {
    const auto log = read_events(open(text, columns, block_bytes), columns);
    REQUIRE_FALSE(log);
    CHECK(log.error().message.find('\n') == std::string::npos);
    return log.error().message;
  }
};

const std::string kLog =
    "item,user,ts\n"
    "red hat,u,30\n"
    "\"a, b\",v,5\n"
    "blue,u,10\n"
    "red hat,u,20.5\n"
    "x,u,20.5\n"
    "blue,w,1e1\n";

}  // namespace

TEST_CASE("events become sequences of users, in the order of time", "[unit]") {
  Reader reader;
  const EventLog log = reader.read(kLog);
  const Sequences& s = log.sequences;
  CHECK(s.names == Strings{"red hat", "a, b", "blue", "x"});
  CHECK(log.users == Strings{"u", "v", "w"});
  CHECK(s.offsets == Offsets{0, 4, 5, 6});
  CHECK(s.items == Numbers{2, 0, 3, 0, 1, 2});
  CHECK(s.keyed);
  CHECK(s.groups[0] != s.groups[1]);
  CHECK(s.times[1] == EventTime{20, 0.5});
  // Without a column of times the order is that of the log.
  CHECK(reader.read(kLog, {"user", "item"}).sequences.items == Numbers{0, 2, 0, 3, 1, 2});
  CHECK(reader.read(kLog, {"user", "item"}).sequences.times.empty());
  for (std::size_t bytes = 1; bytes < 80; bytes += 7) {
    const EventLog cut = reader.read(kLog, kColumns, bytes);
    CHECK(cut.sequences.names == s.names);
    CHECK(cut.sequences.items == s.items);
    CHECK(cut.sequences.offsets == s.offsets);
    CHECK(cut.users == log.users);
  }
}

TEST_CASE("a log gives the rows that a file of sequences gives", "[unit]") {
  Reader reader;
  std::string lines, events = "user,item,ts\n";
  for (int user = 0; user < 40; ++user) {
    lines += "u" + std::to_string(user);
    for (int i = 0; i < 3 + user % 5; ++i) {
      const std::string item = "i" + std::to_string((user * 7 + i * i * 3) % 23);
      lines += " " + item;
      events += "u" + std::to_string(user) + "," + item + "," + std::to_string(1'400'000'000 + i) + "\n";
    }
    lines += "\n";
  }
  const auto sequences = read_sequences(reader.folder.file("s", lines), LineKey::on);
  REQUIRE(sequences);
  const EventLog log = reader.read(events);
  CHECK(log.sequences.names == sequences->names);
  CHECK(log.sequences.items == sequences->items);
  CHECK(log.sequences.offsets == sequences->offsets);
  CHECK(log.sequences.groups == sequences->groups);
  const auto rows = prefix_rows(log.sequences, {}, 1, "log"), same = prefix_rows(*sequences, {}, 1, "s");
  REQUIRE(rows);
  CHECK(testing::same(rows->data.view(), same->data.view()));
}

TEST_CASE("events of known items, and baskets", "[unit]") {
  Reader reader;
  const EventColumns columns{"u", "basket"};
  const RecordFiles file =
      reader.open("{\"u\": 1, \"basket\": [\"a\", \"new\", \"b\"]}\n{\"u\": 1, \"basket\": \"b\"}\n", columns);
  const auto log = read_events(file, columns, {"b", "a"});
  REQUIRE(log);
  CHECK(log->sequences.items == Numbers{1, 2, 0, 0});
  CHECK(log->sequences.unknown == 1);
  CHECK(log->sequences.names == Strings{"b", "a"});
}

TEST_CASE("times are numbers or dates", "[unit]") {
  const auto whole = [](std::string_view text) { return event_time(text).value_or(EventTime{-1, 0}).whole; };
  CHECK(whole("1398902400") == 1398902400);
  CHECK(whole("1398902400123456789") == 1398902400123456789);
  CHECK(whole("1.3989024e9") == 1398902400);
  CHECK(event_time("-0.25") == EventTime{-1, 0.75});
  CHECK(whole("1970-01-02") == 86'400);
  CHECK(whole("2014-05-01") == 1398902400);
  CHECK(whole("2014-05-01T08:30") == 1398902400 + 8 * 3600 + 30 * 60);
  CHECK(whole("2014-05-01 08:30:15Z") == 1398902400 + 8 * 3600 + 30 * 60 + 15);
  CHECK(whole("2014-05-01T08:30:15+02:00") == 1398902400 + 6 * 3600 + 30 * 60 + 15);
  CHECK(whole("2014-05-01T08:30:15-0130") == 1398902400 + 10 * 3600 + 15);
  CHECK(event_time("2014-05-01T00:00:00.25Z") == EventTime{1398902400, 0.25});
  CHECK(whole("1960-01-01") == -315619200);
  for (const std::string_view none :
       {"", "x", "12x", "2014-13-01", "2014-02-30", "2014-05-01T", "2014-05-01T8:30", "2014-05-01T08:61", "2014-05-01T08:30:15+",
        "nan", "inf", "1e300", "2014-05-01x", "2014-05-01T08:30:15.Z", "2o14-05-01"}) {
    CAPTURE(none);
    CHECK_FALSE(event_time(none));
  }
}

TEST_CASE("a log is cut at one moment, and no later event is known before it", "[unit]") {
  Reader reader;
  // In the order of time: u:a v:b u:b | u:c v:a u:a w:b
  const EventLog log = reader.read("user,item,ts\nu,c,4\nu,a,1\nv,b,2\nu,b,3\nv,a,5\nu,a,6\nw,b,7\n");
  const auto split = split_by_time(log, 0.5, "log");
  REQUIRE(split);
  CHECK(split->at == EventTime{4, 0});
  CHECK(split->before.names == Strings{"a", "b"});  // c comes later
  CHECK(split->before.offsets == Offsets{0, 2, 3});
  CHECK(split->before.items == Numbers{0, 1, 1});
  CHECK(split->before.unknown == 0);
  CHECK(split->next.offsets == Offsets{0, 3, 5});  // w has nothing before it
  CHECK(split->next.items == Numbers{0, 1, 2, 1, 0});
  CHECK(split->next.unknown == 1);
  CHECK(split->later == 4);
  CHECK(split_by_time(log, 0.2, "log").error().message ==
        "'log': a share of 0.2 of the events holds 1 different items, and two are needed; give a larger share");
  const EventLog apart = reader.read("user,item,ts\nu,a,1\nu,b,2\nv,a,3\nv,b,4\n");
  CHECK(split_by_time(apart, 0.5, "log").error().message ==
        "'log': no user has events on both sides of the moment before which a share of 0.5 of them lies; give another share");
}

TEST_CASE("weights of events go where their events go", "[unit]") {
  Reader reader;
  const EventColumns columns{"user", "item", "ts", "w"};
  const EventLog log = reader.read("w,user,item,ts\n0.5,u,c,4\n2,u,a,1\n3,v,b,2\n1e3,u,b,3\n7,v,a,5\n", columns);
  CHECK(log.sequences.items == Numbers{1, 2, 0, 2, 1});
  CHECK(log.sequences.weights == std::vector<float>{2, 1000, 0.5f, 3, 7});
  CHECK(reader.read("user,item,w\nu,a,2\nu,b,1\n", {"user", "item", "", "w"}).sequences.weights == std::vector<float>{2, 1});
  CHECK(reader.read("user,item,w\nu,a,2\nu,b,1\n", {"user", "item"}).sequences.weights.empty());
  const auto split = split_by_time(log, 0.6, "log");
  REQUIRE(split);
  CHECK(split->before.weights == std::vector<float>{2, 1000, 3});
  CHECK(split->next.weights == std::vector<float>{2, 1000, 0.5f, 3, 7});
  CHECK(split->next.times == std::vector<EventTime>{{1, 0}, {3, 0}, {4, 0}, {2, 0}, {5, 0}});
  const auto rows = prefix_rows(split->before, {.decay = 1, .mean_weight = 100}, 0, "log");
  REQUIRE(rows);
  CHECK(std::vector<float>(rows->data.view().features.values.begin(), rows->data.view().features.values.end()) ==
        std::vector<float>{0.02f, 0.02f});
}

TEST_CASE("weights that are none", "[unit]") {
  Reader reader;
  const EventColumns columns{"user", "item", "", "w"};
  const auto refused = [&](const std::string& weight) {
    return reader.refusal("user,item,w\nu,a,1\nu,b," + weight + "\n", columns);
  };
  const auto message = [&](const std::string& found) {
    return reader.name + ":3: column 'w' " + found +
           ", and a weight is one number above 0, from 1e-18 to 1e+18; write one, or leave such records out";
  };
  for (const std::string none : {"0", "-1", "inf", "nan", "1e19", "1e-19", "2x", "two", "1e999"}) {
    CAPTURE(none);
    CHECK(refused(none) == message("has '" + none + "' here"));
  }
  CHECK(refused("") == message("has no value here"));
}

TEST_CASE("events that cannot be taken", "[unit]") {
  Reader reader;
  const std::string head = "user,item,ts\nu,a,1\n";
  CHECK(reader.refusal(head + ",b,2\n") ==
        reader.name + ":3: column 'user' has no value here, and an event needs its user; leave such records out");
  CHECK(reader.refusal(head + "u,,2\n") ==
        reader.name + ":3: column 'item' has no value here, and an event needs its item; leave such records out");
  CHECK(reader.refusal(head + "u,b,\n") ==
        reader.name +
            ":3: column 'ts' has no value here, and a number or a date such as 2014-05-01T08:30:00Z is needed; write one");
  CHECK(reader.refusal(head + "u,b,noon\n") ==
        reader.name +
            ":3: column 'ts' has 'noon' here, and a number or a date such as 2014-05-01T08:30:00Z is needed; write one");
  CHECK(reader.refusal(head + "u,b,2014-05-01\n") ==
        reader.name + ":3: column 'ts' has '2014-05-01' here, and numbers before; write all in one way");
  CHECK(reader.refusal(head + "u,b,2014-05-01\n", kColumns, 1) ==
        "column 'ts' of " + reader.name + " has numbers and dates; write all in one way");
  CHECK(reader.refusal(head + "u,b\n,c,3\n") == reader.name + ":3: 2 fields where the header has 3; write empty fields, too");
  CHECK(reader.refusal("{\"user\": [1, 2], \"item\": 1, \"ts\": 1}\n") ==
        reader.name + ":1: column 'user' has several values here, and an event has one user; write a record for each");
  CHECK(reader.refusal("user,item,ts\n") == reader.name + " holds no events; give it some");
  CHECK(reader.refusal(head) == reader.name + " has one different item, 'a', and two are needed; give it more");
}
