// SPDX-License-Identifier: MIT
// Definitions for containers.
#include "actions/generate/generators.hpp"
#include "actions/generate/quoting.hpp"
#include "actions/generate/schedule.hpp"
#include "actions/generate/settings.hpp"

#include <fmt/format.h>

namespace dbup {

namespace {

/// 0 and 1 only: Docker has no other codes, and a job with a WARNING has not failed.
std::vector<std::string> simple_command(const Config& config, const std::string& password_file)
{
    auto words = command_of(config, Scope::container, "db-up", password_file);
    words.insert(words.end(), {"--exit-style", "simple"});
    return words;
}

std::string joined_strings(const std::vector<std::string>& words,
                           std::string (*quoted)(std::string_view),
                           std::string_view separator)
{
    std::string text;
    for (const auto& word : words) {
        text += text.empty() ? std::string_view{} : separator;
        text += quoted(word);
    }
    return text;
}

/// A file that has to be in the container: where, and what holds it.
struct Mounted {
    std::string path = {};
    std::string_view volume = {};
    std::string_view source = {}; ///< the volume, as YAML
};

std::vector<Mounted> mounts_of(const Config& config)
{
    constexpr std::string_view authorities = "configMap: { name: db-up-ca }";
    constexpr std::string_view client = "secret: { secretName: db-up-tls, defaultMode: 0440 }";
    std::vector<Mounted> mounts;
    if (!config.ssl_root_cert.empty() && config.ssl_root_cert != "system") {
        mounts.push_back({config.ssl_root_cert, "authorities", authorities});
    }
    for (const auto& path : {config.ssl_cert, config.ssl_key}) {
        if (!path.empty()) {
            mounts.push_back({path, "client", client});
        }
    }
    return mounts;
}

std::string mounts_yaml(const std::vector<Mounted>& mounts)
{
    std::string text = mounts.empty() ? "" : "              volumeMounts:\n";
    for (const auto& one : mounts) {
        const auto file = one.path.substr(one.path.rfind('/') + 1);
        text += fmt::format("                - name: {}\n"
                            "                  mountPath: {}\n"
                            "                  subPath: {}\n"
                            "                  readOnly: true\n",
                            one.volume,
                            json_string(one.path),
                            json_string(file));
    }
    return text;
}

std::string volumes_yaml(const std::vector<Mounted>& mounts)
{
    std::string text = mounts.empty() ? "" : "          volumes:\n";
    std::string_view last;
    for (const auto& one : mounts) {
        if (one.volume != last) {
            text +=
                fmt::format("            - name: {}\n              {}\n", one.volume, one.source);
        }
        last = one.volume;
    }
    return text;
}

/// The password comes from a Secret, by its name.
std::string password_yaml(const Subject& subject)
{
    if (password_path(subject, "needed").empty()) {
        return {};
    }
    return R"(              env:
                - name: DB_PASSWORD
                  valueFrom:
                    secretKeyRef:
                      name: db-up
                      key: password
)";
}

} // namespace

std::string generate_docker_healthcheck(const Subject& subject)
{
    const Config& config = subject.config;
    const auto words = simple_command(config, password_path(subject, "/run/secrets/db-password"));
    return fmt::format(
        R"(# db-up in a Dockerfile; the password is a secret that is mounted into the container.
HEALTHCHECK --interval={}s --timeout={}s --retries=3 CMD [{}]
)",
        std::chrono::ceil<std::chrono::seconds>(interval_of(config)).count(),
        patience_seconds(config),
        joined_strings(words, &json_string, ", "));
}

std::string generate_kubernetes(const Subject& subject)
{
    const Config& config = subject.config;
    constexpr long start_seconds = 60; // to pull and start the image
    const auto mounts = mounts_of(config);
    const auto words = simple_command(config, {});
    return fmt::format(
        R"(# db-up for Kubernetes: a CronJob. Set "image" to an image that has db-up. The password:
#   kubectl create secret generic db-up --from-file=password=FILE
# Files of TLS: a ConfigMap db-up-ca and a Secret db-up-tls, whose keys are the names of the files.
apiVersion: batch/v1
kind: CronJob
metadata:
  name: db-up
spec:
  schedule: "{schedule}"
  concurrencyPolicy: Forbid
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      backoffLimit: 0
      activeDeadlineSeconds: {deadline}
      template:
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 65534
            runAsGroup: 65534
            fsGroup: 65534
            seccompProfile: {{ type: RuntimeDefault }}
          containers:
            - name: db-up
              image: db-up
              command:
                - {command}
{password}              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities: {{ drop: [ALL] }}
              resources:
                limits: {{ memory: 64Mi }}
{mounts}{volumes}# The same as a probe, in a container that has db-up, its password and its files:
#          readinessProbe:
#            exec:
#              command: [{probe}]
#            periodSeconds: {interval}
#            timeoutSeconds: {patience}
#            failureThreshold: 3
)",
        fmt::arg("schedule", cron_times(interval_of(config))),
        fmt::arg("deadline", patience_seconds(config) + start_seconds),
        fmt::arg("command", joined_strings(words, &kubernetes_string, "\n                - ")),
        fmt::arg("password", password_yaml(subject)),
        fmt::arg("mounts", mounts_yaml(mounts)),
        fmt::arg("volumes", volumes_yaml(mounts)),
        fmt::arg("probe", joined_strings(words, &kubernetes_string, ", ")),
        fmt::arg("interval", std::chrono::ceil<std::chrono::seconds>(interval_of(config)).count()),
        fmt::arg("patience", patience_seconds(config)));
}

} // namespace dbup
