// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
public import OCI
internal import TextSafety

/// Checks the CPU architecture of the shell and the C library, and counts programs for other
/// architectures.
///
/// An image with the right entrypoint on the wrong base image starts, and fails at the first shell
/// command.
public struct UserlandRule: Rule {
    /// Runs at the level `content`.
    public let level = ValidationLevel.content

    /// Returns findings for images whose shell or C library is for another CPU architecture, and
    /// for images without any program that indicates the architecture.
    public func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        image.scannedImages(of: required).flatMap { scanned -> [Finding] in
            // A layer that was not scanned may contain the matching library.
            guard let machine = scanned.machine, scanned.view.isComplete else { return [] }
            let programs = Programs(scanned.view)
            guard !scanned.view.budget.isUsedUp else { return [] }
            let chain = EntrypointResolver(scanned.config, in: scanned.view)
            let witnesses = Self.witnesses(in: scanned.view, programs, machine)
            // `EntrypointRule` reports the programs that are started.
            let started = Set(chain.programs.map(\.path.shown))
            var findings = witnesses.filter {
                machine.runs($0.machine) == .never && !started.contains($0.path)
            }.map {
                Finding(
                    .contentMismatch, .error, platform: scanned.platform,
                    "\($0.path) of the \(scanned.platform) image is for \($0.machine)")
            }
            let isForeign = chain.programs.contains {
                machine.runs(CPUArchitecture($0.header)) == .never
            }
            if findings.isEmpty, !isForeign {
                findings += [programs.foreign(to: machine, scanned.platform)].compactMap(\.self)
            }
            if chain.programs.isEmpty, chain.obstacles.isEmpty, witnesses.isEmpty {
                findings.append(
                    Finding(
                        .notChecked, .warning, platform: scanned.platform,
                        "the \(scanned.platform) image starts no program and has no shell, so "
                            + "nothing tells its machine"))
            }
            return findings
        }
    }

    private struct Witness: Hashable {
        let path: String
        let machine: CPUArchitecture
    }

    /// Returns the shell, and the C library unless one of several matches the architecture.
    private static func witnesses(
        in view: RootFileSystem, _ programs: Programs, _ machine: CPUArchitecture
    ) -> [Witness] {
        var witnesses: [Witness] = []
        if case .found(.file(let file), let path) = view.destination(of: Array("/bin/sh".utf8)),
            case .elf(let header) = file.head
        {
            witnesses.append(Witness(path: path.shown, machine: CPUArchitecture(header)))
        }
        let libraries = programs.all.filter { path, _ in
            path.name.elementsEqual("libc.so.6".utf8)
                || path.name.starts(with: "ld-musl-".utf8)
        }.map { Witness(path: $0.shown, machine: CPUArchitecture($1)) }
        if !libraries.contains(where: { machine.runs($0.machine) == .native }) {
            witnesses += libraries.sorted { $0.path < $1.path }.prefix(1)
        }
        return witnesses
    }
}

/// The visible programs and libraries of an image.
private struct Programs {
    let all: [(LayerPath, ELFHeader)]

    init(_ view: RootFileSystem) {
        all = view.elfFiles().filter { $1.kind == .executable || $1.kind == .shared }
    }

    /// Returns a finding with the number of programs for other CPU architectures and an example.
    func foreign(to machine: CPUArchitecture, _ platform: Platform) -> Finding? {
        let others = all.filter { machine.runs(CPUArchitecture($1)) == .never }
        guard let first = others.min(by: { $0.0.description < $1.0.description }) else {
            return nil
        }
        return Finding(
            .foreignExecutables, .note, platform: platform,
            "\(others.count) of \(all.count) programs and libraries of the \(platform) image are "
                + "for other machines, such as \(first.0.shown) for \(CPUArchitecture(first.1))")
    }
}

extension LayerPath {
    /// The path, escaped for display on one line.
    var shown: String { UntrustedText(description).display(limit: 200) }
}
