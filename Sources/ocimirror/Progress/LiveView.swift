// SPDX-License-Identifier: Apache-2.0

internal import Mirroring

/// The status lines of a run on a terminal, as a function of a snapshot.
struct LiveView {
    /// The size of the terminal.
    let columns: Int
    let rows: Int
    let style: TextStyle
    /// A Boolean value that indicates whether the terminal displays UTF-8.
    let supportsUTF8: Bool

    /// The maximum number of transfers that are shown.
    static let transferLimit = 8

    /// Returns the lines.
    ///
    /// Each is narrower than the terminal, and all together are lower than it.
    func lines(_ snapshot: ProgressSnapshot) -> [String] {
        let head = [self.head(snapshot)]
        let throttled = snapshot.throttledHosts.map { style.yellow(inset($0.line)) }
        let pulls = snapshot.pulls.map { style.dim(inset($0)) }
        let space = max(rows - 2 - head.count - throttled.count - pulls.count, 0)
        let work =
            snapshot.sample.transfers.isEmpty
            ? activeImages(snapshot.sample)
            : transfers(snapshot.sample, limit: min(space, Self.transferLimit))
        return Array((head + work.prefix(space) + throttled + pulls).prefix(max(rows - 2, 1)))
    }

    /// Returns the summary, without its least important parts if the terminal is narrow.
    private func head(_ snapshot: ProgressSnapshot) -> String {
        var parts: [(text: String?, rank: Int)] = [
            (snapshot.count, 0), (snapshot.bytes, 3), (snapshot.speed, 2),
            (snapshot.timeRemaining, 1),
            ("\(snapshot.elapsed.clock) elapsed", 4),
        ]
        let separator = supportsUTF8 ? " · " : ", "
        func text() -> String { parts.compactMap(\.text).joined(separator: separator) }
        while text().columns >= columns - 1, let last = parts.map(\.rank).max(), last > 0 {
            parts.removeAll { $0.rank == last }
        }
        return style.bold(inset(text()))
    }

    /// Returns the active images while no blob is transferred.
    private func activeImages(_ sample: ProgressSample) -> [String] {
        guard !sample.activeNames.isEmpty else { return [] }
        var names = sample.activeNames.prefix(6).joined(separator: ", ")
        if sample.activeNames.count > 6 { names += " and \(sample.activeNames.count - 6) more" }
        return [inset("processing \(names)")]
    }

    private func transfers(_ sample: ProgressSample, limit: Int) -> [String] {
        let all = sample.transfers
        let shown = all.prefix(all.count > limit ? max(limit - 1, 0) : limit)
        // Includes the images that come next, so that the bars do not shift.
        let labels = shown.map { label($0, among: shown) }
        let names = min(
            (labels.map { $0.name + $0.platform } + sample.activeNames).map(\.columns).max() ?? 0,
            columns / 3)
        let hidden = all.count - shown.count
        return zip(shown, labels).map { line($0, $1, names: names) }
            + (hidden > 0 ? [style.dim(inset("and \(hidden) more"))] : [])
    }

    /// Returns the name of a transfer, and its platform if another transfer has the same name.
    private func label(
        _ transfer: ProgressSample.Transfer,
        among shown: ArraySlice<ProgressSample.Transfer>
    ) -> (name: String, platform: String) {
        let isRepeated = shown.count { $0.name == transfer.name } > 1
        return (transfer.name, isRepeated ? transfer.platform.map { " \($0)" } ?? "" : "")
    }

    /// Returns a line with name, bar and byte counts, and the digest on a wide terminal.
    private func line(
        _ transfer: ProgressSample.Transfer, _ label: (name: String, platform: String),
        names: Int
    ) -> String {
        let digest = columns < 100 ? "" : " \(transfer.digest)"
        // A long name is truncated rather than the platform.
        let platform = label.platform.columns < names / 2 + 4 ? label.platform : ""
        let short = label.name.fittingBothEnds(names - platform.columns) + platform
        let name = short.padded(to: names) + digest
        let percent =
            transfer.size > 0 ? Int(Double(transfer.readBytes) / Double(transfer.size) * 100) : 100
        let bytes =
            transfer.readBytes < transfer.size
            ? ByteCount.part(transfer.readBytes, of: transfer.size)
            : "\(ByteCount(bytes: transfer.size)), finishing"
        let rest =
            "\("\(percent)%".padded(to: 4, isRight: true))  \(bytes.padded(to: 17, isRight: true))"
        // One column at each edge stays free, and two on each side of the bar.
        let space = min(columns - 2 - name.columns - 2 - 2 - rest.columns, 48)
        guard space >= 8 else { return inset("\(name)  \(rest)") }
        return " \(name)  \(bar(percent, space))  \(rest)"
    }

    private func bar(_ percent: Int, _ width: Int) -> String {
        let full = min(max(percent, 0), 100) * width / 100
        let (complete, incomplete) = supportsUTF8 ? ("━", "─") : ("#", "-")
        return style.green(String(repeating: complete, count: full))
            + style.dim(String(repeating: incomplete, count: width - full))
    }

    /// Returns a line indented by one column and truncated before the edge.
    private func inset(_ text: String) -> String {
        " " + text.fitting(max(columns - 2, 1))
    }
}
