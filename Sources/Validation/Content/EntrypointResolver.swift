// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// Resolves everything that has to run for a container to start: the program, the interpreter of a
/// script, the command of a wrapper, the commands of shell scripts, and the loaders.
struct EntrypointResolver {
    /// The result; without starts if the config has neither an entrypoint nor a command.
    let startedPrograms: StartedPrograms

    /// Resolves the entrypoint and command of a config.
    init(
        _ config: ImageConfig, in rootFileSystem: RootFileSystem,
        for architecture: CPUArchitecture?
    ) {
        let tracer = StartTracer(rootFileSystem, architecture)
        let process = ProcessState(config)
        let words = (config.entrypoint + config.command).map { Argument($0) }
        let executions = words.isEmpty ? [] : tracer.follow(words, process, .config)
        // A script as the entrypoint usually ends in `exec "$@"`.
        if let script = tracer.firstScript, !tracer.isUnderstood, !config.entrypoint.isEmpty {
            tracer.followUncertainly(
                config.command.map { Argument($0) }, process, after: script, depth: 0)
        }
        startedPrograms = tracer.startedPrograms(executions)
    }
}
