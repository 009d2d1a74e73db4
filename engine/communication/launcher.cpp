#include <dlfcn.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include <glissade/communicator.h>

#include "engine/communication/module_place.h"
#include "engine/communication/transport.h"

namespace glissade {
namespace {

constexpr const char* kModule = "libglissade_mpi.so";

struct LauncherVariables {
  const char* rank;
  const char* size;  ///< null: the launcher says it only through its library
};
constexpr std::array kLaunchers = {LauncherVariables{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                   LauncherVariables{"PMI_RANK", "PMI_SIZE"}, LauncherVariables{"PMIX_RANK", nullptr}};

std::optional<int> number_in(const char* variable) {
  const char* const text = variable != nullptr ? std::getenv(variable) : nullptr;
  if (text == nullptr) return std::nullopt;
  int value = 0;
  const auto [end, code] = std::from_chars(text, text + std::strlen(text), value);
  if (code != std::errc() || *end != '\0' || value < 0) return std::nullopt;
  return value;
}

/// The folder of the program or shared library that this code is part of.
std::filesystem::path own_folder() {
  Dl_info info;
  if (::dladdr(reinterpret_cast<const void*>(&launch_in_environment), &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code code;
  // A program is named as it was called, perhaps without its folder.
  auto path = std::filesystem::canonical(info.dli_fname, code);
  if (code) path = std::filesystem::canonical("/proc/self/exe", code);
  return code ? std::filesystem::path() : path.parent_path();
}

/// Where the module may lie: beside the library, beside an installed program, in a build folder, where it was installed.
std::vector<std::filesystem::path> places_of_module() {
  const auto folder = own_folder();
  std::vector<std::filesystem::path> places;
  for (const char* relative : {"glissade", kModulesFromPrograms, "../engine/communication", "../../engine/communication"})
    places.push_back((folder / relative / kModule).lexically_normal());
  places.push_back(std::filesystem::path(kInstalledModules) / kModule);
  return places;
}

std::filesystem::path find_module() {
  std::error_code code;
  for (const auto& place : places_of_module()) {
    if (std::filesystem::exists(place, code)) return place;
  }
  return {};
}

struct ModuleCloser {
  void operator()(void* module) const noexcept { ::dlclose(module); }
};
using ModuleHandle = std::unique_ptr<void, ModuleCloser>;

Error not_usable(const Launch& launch, const std::string& why) {
  return runtime_error(fmt::format(
      "{} is set, so MPI started this process, but {}; start it without mpirun or with --distribute off, or repair that",
      launch.variable, why));
}

}  // namespace

std::optional<Launch> launch_in_environment() {
  for (const LauncherVariables& one : kLaunchers) {
    if (const auto rank = number_in(one.rank)) return Launch{*rank, number_in(one.size), one.rank};
  }
  return std::nullopt;
}

Result<Communicator> Communicator::of_launcher() {
  const auto launch = launch_in_environment();
  if (!launch || launch->size == 1) return Communicator();
  const auto path = find_module();
  if (path.empty()) {
    return not_usable(*launch, fmt::format("this Glissade was built or installed without {} (install libopenmpi-dev, build with "
                                           "-Dmpi=enabled)",
                                           kModule));
  }
  // MPI's own modules look for its symbols among those of the whole process.
  ModuleHandle module(::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL));
  if (!module) return not_usable(*launch, fmt::format("'{}' cannot be loaded: {}", path.string(), ::dlerror()));
  const auto* const known = static_cast<const char*>(::dlsym(module.get(), kTransportVersion));
  const auto open = reinterpret_cast<OpenTransport>(::dlsym(module.get(), kOpenTransport));
  if (known == nullptr || open == nullptr || std::string_view(known) != GLISSADE_VERSION) {
    return not_usable(
        *launch, fmt::format("'{}' is of version {}, not {}", path.string(), known != nullptr ? known : "?", GLISSADE_VERSION));
  }
  std::array<char, 512> problem{};
  std::unique_ptr<Transport> transport(open(launch->size.value_or(0), problem.data(), problem.size()));
  if (!transport) return not_usable(*launch, problem.data());
  static_cast<void>(module.release());  // MPI cannot be started twice, so it stays
  if (transport->size() == 1) {
    transport->finish();
    return Communicator();
  }
  return Communicator(std::move(transport));
}

}  // namespace glissade
