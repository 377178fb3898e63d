// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI
internal import TextSafety

/// Checks that each required platform has the paths and commands that the configuration requires.
struct RequiredPathsRule: PlatformRule {
    /// Returns findings for paths that are missing, and for programs that cannot be started.
    func findings(about scanned: PlatformRootFS, required: ImageRequirements) -> [Finding] {
        required.paths.compactMap { Self.finding($0, in: scanned) }
    }

    private static func finding(_ name: String, in scanned: PlatformRootFS) -> Finding? {
        if name.hasPrefix("/") {
            switch scanned.rootFileSystem.resolve(Array(name.utf8)) {
            case .found(.file(let file), _) where file.isExecutable: break
            case .found, .runtimeMount, .undetermined: return nil
            case .missing: return missing(name, in: scanned)
            }
        }
        let tracer = StartTracer(scanned.rootFileSystem, scanned.architecture)
        let executions = tracer.follow([Argument(name)], ProcessState(scanned.config), .config)
        let started = tracer.startedPrograms(executions)
        let certain = started.certainties(of: started.failing).filter { $0.value == .certain }.keys
        for start in certain.sorted().map({ started.starts[$0] }) {
            switch (start.subject, start.origin) {
            case (.missing, .config), (.notExecutable, .config): return missing(name, in: scanned)
            case (.program(let path, let header), .config),
                (.program(let path, let header), .program):
                let part = start.origin == .config ? "" : ": \(path.displayText)"
                return Finding(
                    .contentMismatch, .error, platform: scanned.platform,
                    layer: scanned.layer(of: path),
                    "\(scanned.platform): \(shown(name))\(part) is "
                        + CPUArchitecture(header).binaryDescription)
            case (.missing(let text), .program(let path)):
                return Finding(
                    .pathMissing, .error, platform: scanned.platform,
                    layer: scanned.layer(of: path),
                    "\(scanned.platform): \(shown(name)): "
                        + "\(UntrustedText(text).display(limit: 200)) "
                        + "(required by \(path.displayText)) not found")
            // The commands of a script do not decide whether it exists.
            default: continue
            }
        }
        return nil
    }

    private static func missing(_ name: String, in scanned: PlatformRootFS) -> Finding {
        let link = scanned.replacedLink(above: name).map { "; \($0)" } ?? ""
        return Finding(
            .pathMissing, .error, platform: scanned.platform,
            "\(scanned.platform): \(shown(name)) not found\(link)")
    }

    private static func shown(_ name: String) -> String {
        let kind = name.hasPrefix("/") ? "path" : "command"
        return "required \(kind) \(UntrustedText(name).display(limit: 200))"
    }
}
