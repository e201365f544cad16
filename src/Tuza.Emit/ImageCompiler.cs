// The way in: lowered functions of a package to the bytes of its image.

namespace Tuza.Emit;

public static class ImageCompiler
{
    public static byte[] Compile(ImageInput input, ImageOptions? options = null) => new ImageBuilder(input, options ?? new ImageOptions()).Build();
}
