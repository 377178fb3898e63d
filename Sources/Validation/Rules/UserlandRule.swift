// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
public import OCI
internal import TextSafety

/// Checks the CPU architecture of the shell and, in an image that starts no program, of the C
/// library, and counts programs for other architectures.
///
/// An image with the right entrypoint on the wrong base image starts, and may fail at the first
/// shell command. A C library that no program needs may belong to a cross compiler.
public struct UserlandRule: Rule {
    /// Runs at the level `content`.
    public let level = ValidationLevel.content

    /// Returns findings for images whose shell or C library is for another CPU architecture, and
    /// for images without any program that indicates the architecture.
    public func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        image.scannedImages(of: required).flatMap { scanned -> [Finding] in
            // A layer that was not scanned may contain the matching library.
            guard let architecture = scanned.architecture, scanned.rootFileSystem.isComplete else {
                return []
            }
            let binaries = Binaries(scanned.rootFileSystem)
            guard !scanned.rootFileSystem.budget.isExhausted else { return [] }
            let resolved = EntrypointResolver(scanned.config, in: scanned.rootFileSystem)
            let startsNothing = resolved.programs.isEmpty
            let indicators = Self.indicators(
                in: scanned.rootFileSystem, startsNothing ? binaries : nil, architecture)
            // `EntrypointRule` reports the programs that are started.
            let started = Set(resolved.programs.map(\.path.displayText))
            var findings = indicators.filter {
                architecture.compatibility(with: $0.architecture) == .never
                    && !started.contains($0.path)
            }.map { indicator -> Finding in
                let text =
                    "\(scanned.platform): \(indicator.path) is "
                    + indicator.architecture.binaryDescription
                return startsNothing
                    ? Finding(.contentMismatch, .error, platform: scanned.platform, text)
                    : Finding(likely: .contentMismatch, platform: scanned.platform, text)
            }
            let startsForeignBinary = resolved.programs.contains {
                architecture.compatibility(with: CPUArchitecture($0.header)) == .never
            }
            if findings.isEmpty, !startsForeignBinary {
                findings += [binaries.foreign(to: architecture, scanned.platform)].compactMap(
                    \.self)
            }
            if resolved.programs.isEmpty, resolved.obstacles.isEmpty, indicators.isEmpty {
                findings.append(
                    Finding(
                        .notChecked, .warning, platform: scanned.platform,
                        "\(scanned.platform): CPU architecture unknown: no entrypoint and no shell")
                )
            }
            return findings
        }
    }

    private struct IndicatorFile: Hashable {
        let path: String
        let architecture: CPUArchitecture
    }

    /// Returns the shell, and the C library among the binaries unless one of several matches the
    /// architecture.
    private static func indicators(
        in rootFileSystem: RootFileSystem, _ binaries: Binaries?, _ architecture: CPUArchitecture
    ) -> [IndicatorFile] {
        var indicators: [IndicatorFile] = []
        if case .found(.file(let file), let path) = rootFileSystem.resolve(Array("/bin/sh".utf8)),
            case .elf(let header) = file.head
        {
            indicators.append(
                IndicatorFile(path: path.displayText, architecture: CPUArchitecture(header)))
        }
        let libraries = (binaries?.all ?? []).filter { path, _ in
            path.name.elementsEqual("libc.so.6".utf8)
                || path.name.starts(with: "ld-musl-".utf8)
        }.map { IndicatorFile(path: $0.displayText, architecture: CPUArchitecture($1)) }
        if !libraries.contains(where: {
            architecture.compatibility(with: $0.architecture) == .native
        }) {
            indicators += libraries.sorted { $0.path < $1.path }.prefix(1)
        }
        return indicators
    }
}

/// The visible programs and libraries of an image.
private struct Binaries {
    let all: [(LayerPath, ELFHeader)]

    init(_ rootFileSystem: RootFileSystem) {
        all = rootFileSystem.elfFiles().filter { $1.kind == .executable || $1.kind == .shared }
    }

    /// Returns a finding with the number of programs for other CPU architectures and an example.
    func foreign(to architecture: CPUArchitecture, _ platform: Platform) -> Finding? {
        let others = all.filter { architecture.compatibility(with: CPUArchitecture($1)) == .never }
        guard let first = others.min(by: { $0.0.description < $1.0.description }) else {
            return nil
        }
        return Finding(
            .foreignExecutables, .note, platform: platform,
            "\(platform): \(others.count) of \(all.count) binaries are for other CPU architectures "
                + "(for example \(first.0.displayText): \(CPUArchitecture(first.1)))")
    }
}

extension LayerPath {
    /// The path, escaped for display on one line.
    var displayText: String { UntrustedText(description).display(limit: 200) }
}
