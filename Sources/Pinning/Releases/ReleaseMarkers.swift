// SPDX-License-Identifier: Apache-2.0

/// Texts that files with releases of charts, or builds of kustomizations, contain, so that others need not be parsed.
///
/// Source: Helmfile, `releases`; Argo CD, `Application`; Flux, `HelmRelease` and `Kustomization`; kustomize, `helmCharts` and
/// `HelmChartInflationGenerator`; Skaffold, `apiVersion`; Ansible, `chart_ref`.
enum ReleaseMarkers {
    private static let all = [
        "releases:", "argoproj.io", "HelmRelease", "helmCharts", "HelmChart", "skaffold/",
        "chart_ref", "kustomize.toolkit.fluxcd.io",
    ].map { Array($0.utf8) }

    /// The number of bytes that are compared first: those of the shortest text.
    private static let width = 9

    /// The number of bytes to advance after a byte at the end of the compared ones: the distance to its last
    /// occurrence before the end in any text.
    private static let advances: [UInt8] = {
        var table = [UInt8](repeating: UInt8(width), count: 256)
        for marker in all {
            for (index, byte) in marker.prefix(width - 1).enumerated() {
                table[Int(byte)] = min(table[Int(byte)], UInt8(width - 1 - index))
            }
        }
        return table
    }()

    /// The bytes that are the last ones of those that are compared first.
    private static let lastBytes: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for marker in all { table[Int(marker[width - 1])] = true }
        return table
    }()

    /// Returns a Boolean value that indicates whether a file can have releases.
    ///
    /// Source: R. Nigel Horspool, "Practical fast searching in strings", 1980.
    static func occur(in bytes: [UInt8]) -> Bool {
        let (all, advances, lastBytes) = (all, advances, lastBytes)
        var end = width - 1
        while end < bytes.count {
            let last = bytes[end]
            if lastBytes[Int(last)],
                all.contains(where: { bytes[(end - width + 1)...].starts(with: $0) })
            {
                return true
            }
            end += Int(advances[Int(last)])
        }
        return false
    }
}
