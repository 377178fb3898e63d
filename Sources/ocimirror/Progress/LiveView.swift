// SPDX-License-Identifier: Apache-2.0

internal import Mirroring

/// The lines that a terminal shows of a run: a function from what is known to text.
struct LiveView {
    /// How many columns and rows the terminal has.
    let columns: Int
    let rows: Int
    let style: TextStyle
    /// Whether the terminal shows more than ASCII.
    let hasBlocks: Bool

    /// How many transfers are shown at most.
    static let transferLimit = 8

    /// The lines, each narrower than the terminal, all together lower than it.
    func lines(_ picture: ProgressSnapshot) -> [String] {
        let head = [self.head(picture)]
        let waits = picture.closedHosts.map { style.yellow(inset($0.line)) }
        let pulls = picture.pulls.map { style.dim(inset($0)) }
        let room = max(rows - 2 - head.count - waits.count - pulls.count, 0)
        let work =
            picture.sample.transfers.isEmpty
            ? looking(picture.sample)
            : transfers(picture.sample, limit: min(room, Self.transferLimit))
        return Array((head + work.prefix(room) + waits + pulls).prefix(max(rows - 2, 1)))
    }

    /// As much of the whole as there is room for, what matters most kept longest.
    private func head(_ picture: ProgressSnapshot) -> String {
        var parts: [(text: String?, rank: Int)] = [
            (picture.count, 0), (picture.bytes, 3), (picture.speed, 2), (picture.timeLeft, 1),
            ("\(picture.elapsed.clock) so far", 4),
        ]
        let separator = hasBlocks ? " · " : ", "
        func text() -> String { parts.compactMap(\.text).joined(separator: separator) }
        while text().columns >= columns - 1, let last = parts.map(\.rank).max(), last > 0 {
            parts.removeAll { $0.rank == last }
        }
        return style.bold(inset(text()))
    }

    /// What is done while no blob is on its way.
    private func looking(_ sample: ProgressSample) -> [String] {
        guard !sample.activeNames.isEmpty else { return [] }
        var names = sample.activeNames.prefix(6).joined(separator: ", ")
        if sample.activeNames.count > 6 { names += " and \(sample.activeNames.count - 6) more" }
        return [inset("looking at \(names)")]
    }

    private func transfers(_ sample: ProgressSample, limit: Int) -> [String] {
        let all = sample.transfers
        let shown = all.prefix(all.count > limit ? max(limit - 1, 0) : limit)
        // Those in hand come next, and the bars should not move to and fro.
        let names = min(
            (shown.map(\.name) + sample.activeNames).map(\.columns).max() ?? 0, columns / 3)
        let hidden = all.count - shown.count
        return shown.map { line($0, names: names) }
            + (hidden > 0 ? [style.dim(inset("and \(hidden) more"))] : [])
    }

    /// A name and, where there is room for it, a digest, a bar, and how much of how much.
    private func line(_ transfer: ProgressSample.BlobTransfer, names: Int) -> String {
        let digest = columns < 100 ? "" : " \(transfer.digest)"
        let name = transfer.name.fitting(names).padded(to: names) + digest
        let percent =
            transfer.size > 0 ? Int(Double(transfer.readBytes) / Double(transfer.size) * 100) : 100
        let bytes =
            transfer.readBytes < transfer.size
            ? ByteCount.part(transfer.readBytes, of: transfer.size)
            : "\(ByteCount(bytes: transfer.size)), ending"
        let rest =
            "\("\(percent)%".padded(to: 4, isRight: true))  \(bytes.padded(to: 17, isRight: true))"
        // A column at the left and one at the right stay free, as do two on each side of the bar.
        let room = min(columns - 2 - name.columns - 2 - 2 - rest.columns, 48)
        guard room >= 8 else { return inset("\(name)  \(rest)") }
        return " \(name)  \(bar(percent, room))  \(rest)"
    }

    private func bar(_ percent: Int, _ width: Int) -> String {
        let full = min(max(percent, 0), 100) * width / 100
        let (done, open) = hasBlocks ? ("━", "─") : ("#", "-")
        return style.green(String(repeating: done, count: full))
            + style.dim(String(repeating: open, count: width - full))
    }

    /// A line that begins a column to the right and ends before the edge.
    private func inset(_ text: String) -> String {
        " " + text.fitting(max(columns - 2, 1))
    }
}
