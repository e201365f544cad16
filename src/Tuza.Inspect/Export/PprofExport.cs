// A snapshot as a heap profile for pprof: what is in use, by the stack that made it, with the type as a label. The values are exact, not samples.
//
// The format is profile.proto of github.com/google/pprof, compressed with gzip. Sums over all samples are the snapshot's objects and bytes.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;

namespace Tuza.Inspect;

public sealed class PprofExport
{
    // Field numbers of the messages.
    const int ProfileSampleType = 1, ProfileSample = 2, ProfileLocation = 4, ProfileFunction = 5, ProfileStrings = 6, ProfileTime = 9, ProfilePeriodType = 11, ProfilePeriod = 12,
        ProfileComment = 13, ProfileDefaultType = 14;
    const int TypeName = 1, TypeUnit = 2;
    const int SampleLocation = 1, SampleValue = 2, SampleLabel = 3;
    const int LabelKey = 1, LabelText = 2;
    const int LocationId = 1, LocationLine = 4;
    const int LineFunction = 1, LineNumber = 2;
    const int FunctionId = 1, FunctionName = 2, FunctionSystemName = 3, FunctionFile = 4;

    readonly Snapshot _s;
    readonly ProtoWriter _profile = new();
    readonly Dictionary<string, long> _strings = new(StringComparer.Ordinal) { [""] = 0 };
    readonly List<string> _stringList = [""];
    readonly Dictionary<SnapshotFrame, long> _locations = [];
    readonly Dictionary<(string Name, string File), long> _functions = [];

    PprofExport(Snapshot s) => _s = s;

    public static void Write(Snapshot s, Stream to)
    {
        PprofExport e = new(s);
        e.Build();
        using GZipStream zip = new(to, CompressionLevel.Fastest, leaveOpen: true);
        e._profile.CopyTo(zip);
    }

    long Text(string s)
    {
        if (!_strings.TryGetValue(s, out long i))
        {
            _strings[s] = i = _stringList.Count;
            _stringList.Add(s);
        }
        return i;
    }

    ProtoWriter ValueType(string type, string unit) => new ProtoWriter().Number(TypeName, Text(type)).Number(TypeUnit, Text(unit));

    void Build()
    {
        _profile.Message(ProfileSampleType, ValueType("inuse_objects", "count"));
        _profile.Message(ProfileSampleType, ValueType("inuse_space", "bytes"));
        Dictionary<(int Stack, string Type), (long Objects, long Bytes)> sums = [];
        for (int i = 0; i < _s.ObjectCount; i++)
        {
            var key = (_s.Stack[i], _s.TypeName(i));
            (long objects, long bytes) = sums.GetValueOrDefault(key);
            sums[key] = (objects + 1, bytes + _s.Bytes[i]);
        }
        foreach (((int stack, string type), (long objects, long bytes)) in sums)
        {
            SnapshotFrame[] frames = _s.Stacks[stack];
            long[] locations = frames.Length == 0 ? [Location(new SnapshotFrame("(not traced)", "", 0))] : Array.ConvertAll(frames, Location);
            _profile.Message(ProfileSample, new ProtoWriter().Packed(SampleLocation, locations).Packed(SampleValue, [objects, bytes])
                .Message(SampleLabel, new ProtoWriter().Number(LabelKey, Text("type")).Number(LabelText, Text(type))));
        }
        if (_s.Meta.TryGetValue("time", out string? time) && DateTime.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out DateTime t))
            _profile.Number(ProfileTime, (t - DateTime.UnixEpoch).Ticks * 100);
        _profile.Message(ProfilePeriodType, ValueType("space", "bytes"));
        _profile.Number(ProfilePeriod, 1);
        if (_s.Meta.TryGetValue("program", out string? program))
            _profile.Number(ProfileComment, Text("heap of " + program));
        _profile.Number(ProfileDefaultType, Text("inuse_space"));
        foreach (string s in _stringList)
            _profile.Text(ProfileStrings, s);
    }

    long Location(SnapshotFrame f)
    {
        if (_locations.TryGetValue(f, out long id))
            return id;
        _locations[f] = id = _locations.Count + 1;
        _profile.Message(ProfileLocation, new ProtoWriter().Number(LocationId, id).Message(LocationLine, new ProtoWriter().Number(LineFunction, Function(f)).Number(LineNumber, f.Line)));
        return id;
    }

    long Function(SnapshotFrame f)
    {
        if (_functions.TryGetValue((f.Function, f.File), out long id))
            return id;
        _functions[(f.Function, f.File)] = id = _functions.Count + 1;
        _profile.Message(ProfileFunction, new ProtoWriter().Number(FunctionId, id).Number(FunctionName, Text(f.Function)).Number(FunctionSystemName, Text(f.Function)).Number(FunctionFile, Text(f.File)));
        return id;
    }
}
