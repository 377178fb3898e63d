// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI
internal import TextSafety

/// Checks the CPU architecture of the shell, and of all binaries of an image without an entrypoint.
///
/// An image with the right entrypoint on the wrong base image starts, and may fail at the first
/// shell command. A C library that no program needs may belong to a cross compiler.
struct UserlandRule: PlatformRule {
    /// Returns findings for images whose shell is for another CPU architecture, or without any
    /// binary that indicates the architecture.
    func findings(about scanned: PlatformRootFS, required: ImageRequirements) -> [Finding] {
        // A layer that was not scanned may contain the matching binary.
        guard let architecture = scanned.architecture, scanned.rootFileSystem.isComplete else {
            return []
        }
        let binaries = Binaries(scanned.rootFileSystem, architecture)
        guard !scanned.rootFileSystem.budget.isExhausted else { return [] }
        let started = scanned.startedPrograms
        let finding =
            started.starts.isEmpty
            ? binaries.finding(scanned) : Self.shellFinding(binaries, scanned)
        if let finding { return [finding] }
        // `EntrypointRule` reports the programs that are started.
        let startsForeign = started.programs.contains {
            binaries.isForeign($0.header) && !$0.isHandled
        }
        guard !startsForeign || started.expectsForeignPrograms else { return [] }
        return [binaries.note(scanned)].compactMap(\.self)
    }

    /// Returns a finding about a shell for another CPU architecture that no script starts.
    private static func shellFinding(
        _ binaries: Binaries, _ scanned: PlatformRootFS
    ) -> Finding? {
        guard let (path, header) = binaries.shell, binaries.isForeign(header),
            !scanned.startedPrograms.programs.contains(where: { $0.path == path })
        else { return nil }
        return Finding(
            likely: .contentMismatch, platform: scanned.platform, layer: scanned.layer(of: path),
            "\(scanned.platform): shell \(path.displayText) is "
                + CPUArchitecture(header).binaryDescription)
    }
}

/// The visible programs and libraries of an image.
private struct Binaries {
    let all: [(path: LayerPath, header: ELFHeader)]
    let shell: (path: LayerPath, header: ELFHeader)?
    private let architecture: CPUArchitecture

    init(_ rootFileSystem: RootFileSystem, _ architecture: CPUArchitecture) {
        all = rootFileSystem.elfFiles().filter { $1.kind == .executable || $1.kind == .shared }
            .map { (path: $0, header: $1) }
        self.architecture = architecture
        if case .found(.file(let file), let path) = rootFileSystem.resolve(Array("/bin/sh".utf8)),
            case .elf(let header) = file.head
        {
            shell = (path, header)
        } else {
            shell = nil
        }
    }

    func isForeign(_ header: ELFHeader) -> Bool {
        architecture.compatibility(with: CPUArchitecture(header)) == .never
    }

    private var foreign: [(path: LayerPath, header: ELFHeader)] {
        all.filter { isForeign($0.header) }
    }

    /// Returns the finding about an image that has no entrypoint, if there is one.
    func finding(_ scanned: PlatformRootFS) -> Finding? {
        let platform = scanned.platform
        guard !all.isEmpty else {
            return Finding(
                .notChecked, .warning, platform: platform,
                "\(platform): CPU architecture unknown: no entrypoint and no binary")
        }
        guard let example = shell.flatMap({ isForeign($0.header) ? $0 : nil }) ?? first(of: foreign)
        else { return nil }
        let text =
            "\(example.path.displayText) is \(CPUArchitecture(example.header).binaryDescription)"
        if foreign.count == all.count {
            let count = all.count == 1 ? "" : ", like all \(all.count) binaries of the image"
            return Finding(
                .contentMismatch, .error, platform: platform,
                layer: scanned.layer(of: example.path), "\(platform): \(text)\(count)")
        }
        guard example.path == shell?.path else { return nil }
        return Finding(
            likely: .contentMismatch, platform: platform, layer: scanned.layer(of: example.path),
            "\(platform): shell \(text)")
    }

    /// Returns a note with the number of binaries for other CPU architectures and an example.
    func note(_ scanned: PlatformRootFS) -> Finding? {
        guard let example = first(of: foreign) else { return nil }
        return Finding(
            .foreignExecutables, .note, platform: scanned.platform,
            "\(scanned.platform): \(foreign.count) of \(all.count) binaries are for other CPU "
                + "architectures (for example \(example.path.displayText): "
                + "\(CPUArchitecture(example.header)))")
    }

    private func first(
        of files: [(path: LayerPath, header: ELFHeader)]
    ) -> (path: LayerPath, header: ELFHeader)? {
        files.min { $0.path.description < $1.path.description }
    }
}

extension LayerPath {
    /// The path, escaped for display on one line.
    var displayText: String { UntrustedText(description).display(limit: 200) }
}
