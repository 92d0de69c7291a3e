"""The studio: a Blender scene of one head, lit and photographed by Cycles on the processor.

``bpy`` is Blender as a Python module (GPL-3.0-or-later); nothing but this file imports it.
"""

import math
import os
import tempfile
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from helpers.faces import PLACES
from tools.render_caras import hair, mesh
from tools.render_caras.mesh import LOWER_LIP, LOWEST, UPPER_LIP, rotation, triangles

SIZE = 104  # pixels of a picture's side
SAMPLES = 5
MARGIN = 1.25  # of what is rendered around the 64 pixels that are kept
TO_BLENDER = 0.1 * np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])  # v @ this: metres, z up
AXES = 10 * TO_BLENDER.T
HAIR_RADIUS = {"hair": 0.00042, "brows": 0.00012, "beard": 0.00018}


class Graph:
    """A material under construction: each method adds a node and returns its first output."""

    def __init__(self, name):
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()

    def node(self, kind, inputs=(), **properties):
        node = self.tree.nodes.new(f"ShaderNode{kind}")
        for name, value in properties.items():
            setattr(node, name, value)
        for key, value in dict(inputs).items():
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, node.inputs[key])
            else:
                node.inputs[key].default_value = value
        return node

    def colour(self, name, value=(0.5, 0.5, 0.5)):
        """A colour that ``paint`` can change."""
        node = self.node("RGB")
        node.name, node.outputs[0].default_value = name, (*value, 1)
        return node.outputs[0]

    def value(self, name):
        """A number that each vertex of the mesh has under that name."""
        return self.node("Attribute", attribute_name=name).outputs["Fac"]

    def noise(self, place, scale, detail=3.0):
        return self.node("TexNoise", {"Vector": place, "Scale": scale, "Detail": detail}).outputs[
            "Fac"
        ]

    def math(self, operation, a, b=0.0, clamp=False):
        return self.node("Math", {0: a, 1: b}, operation=operation, use_clamp=clamp).outputs[0]

    def affine(self, a, factor, offset, clamp=False):
        return self.math("ADD", self.math("MULTIPLY", a, factor), offset, clamp)

    def mix(self, share, a, b):
        return self.node("MixRGB", {"Fac": share, "Color1": a, "Color2": b}).outputs[0]

    def tone(self, colour, **how):
        inputs = {"Color": colour, **{name.capitalize(): value for name, value in how.items()}}
        return self.node("HueSaturation", inputs).outputs[0]

    def step(self, value, low, high):
        inputs = {"Value": value, "From Min": low, "From Max": high}
        return self.node("MapRange", inputs, interpolation_type="SMOOTHSTEP").outputs[0]

    def surface(self, shader):
        out = self.node("OutputMaterial")
        self.tree.links.new(shader.outputs[0], out.inputs["Surface"])
        return self.material


def paint(material, **colours):
    """Set the named colours (3,) of a material."""
    for name, colour in colours.items():
        material.node_tree.nodes[name].outputs[0].default_value = (*colour, 1)


def skin_material(folder):
    g = Graph("skin")
    rest = g.node("Attribute", attribute_name="rest").outputs["Vector"]  # place on the head at rest
    mottled = g.affine(g.noise(rest, 14.0), 0.3, 0.85)
    c = g.tone(g.colour("skin"), value=mottled)
    red = g.tone(c, hue=0.485, saturation=1.3, value=0.88)
    c = g.mix(g.value("blush"), c, red)
    c = g.mix(g.value("socket"), c, g.tone(c, saturation=1.1, value=0.7))
    c = g.mix(g.value("hollow"), c, g.tone(c, hue=0.49, saturation=1.2, value=0.45))
    shaved = g.math("MULTIPLY", g.value("stubble"), g.affine(g.noise(rest, 420.0), 1.6, -0.2, True))
    scalp = g.math("MULTIPLY", g.value("scalp"), g.affine(g.noise(rest, 120.0), 1.0, 0.35, True))
    c = g.mix(g.math("MAXIMUM", shaved, scalp), c, g.colour("hair"))
    masks = []
    for name in ("lips", "inside-mouth"):
        picture = bpy.data.images.load(str(folder / "textures" / f"mpfb_{name}.jpg"))
        picture.colorspace_settings.name = "Non-Color"
        masks.append(g.node("TexImage", image=picture).outputs[0])
    c = g.mix(g.affine(masks[0], 0.8, 0.0), c, g.colour("lips"))
    c = g.mix(masks[1], c, (0.1, 0.025, 0.02, 1))
    skin = {"Base Color": c, "Roughness": g.affine(masks[0], -0.1, 0.45), "Specular IOR Level": 0.4}
    skin |= {"Subsurface Weight": 0.1, "Subsurface Scale": 0.006}
    skin |= {"Subsurface Radius": (1.0, 0.35, 0.2)}
    return g.surface(g.node("BsdfPrincipled", skin, subsurface_method="BURLEY"))


def eye_material():
    g = Graph("eye")
    place = g.node("TexCoord").outputs["Object"]
    direction = g.node("VectorMath", {0: place}, operation="NORMALIZE").outputs[0]
    y = g.node("SeparateXYZ", {0: direction}).outputs["Y"]
    angle = g.math("ARCCOSINE", g.math("MULTIPLY", y, -1.0))  # from where the eye looks
    iris = g.colour("iris")
    c = g.mix(g.step(angle, 0.13, 0.19), (0.003, 0.003, 0.003, 1), iris)
    c = g.mix(g.step(angle, 0.33, 0.42), c, g.tone(iris, value=0.3))
    c = g.mix(g.step(angle, 0.41, 0.48), c, (0.53, 0.48, 0.45, 1))
    return g.surface(
        g.node("BsdfPrincipled", {"Base Color": c, "Roughness": 0.1, "Coat Weight": 0.6})
    )


def plain_material(name, rough):
    """One colour, ``paint``-able under the material's name."""
    g = Graph(name)
    inputs = {"Base Color": g.colour(name), "Roughness": rough, "Specular IOR Level": 0.3}
    return g.surface(g.node("BsdfPrincipled", inputs))


def lash_material():
    """A lash is a sheet: half of what is behind it is seen."""
    g = Graph("lashes")
    sheet = g.node("BsdfDiffuse", {0: (0.01, 0.008, 0.006, 1)}).outputs[0]
    mixed = {0: 0.55, 1: g.node("BsdfTransparent").outputs[0], 2: sheet}
    return g.surface(g.node("MixShader", mixed))


def hair_material(name):
    g = Graph(name)
    strand = g.node("HairInfo").outputs["Random"]
    node = g.node("BsdfHairPrincipled", parametrization="MELANIN")
    g.tree.links.new(strand, node.inputs["Random"])
    for key, value in (("Roughness", 0.4), ("Random Color", 0.3), ("Random Roughness", 0.2)):
        node.inputs[key].default_value = value
    node.name = "strand"
    return g.surface(node)


class Studio:
    """One scene in which one person after another is photographed."""

    def __init__(self, head, threads=1):
        self.head = head
        bpy.ops.wm.read_factory_settings(use_empty=True)
        scene = self.scene = bpy.context.scene
        scene.render.engine = "CYCLES"
        scene.render.resolution_x = scene.render.resolution_y = SIZE
        scene.render.film_transparent = True
        scene.render.use_persistent_data = True
        scene.render.threads_mode, scene.render.threads = "FIXED", threads
        scene.render.image_settings.file_format = "OPEN_EXR"
        scene.render.image_settings.color_mode = "RGBA"
        cycles = scene.cycles
        cycles.device, cycles.samples, cycles.use_denoising = "CPU", SAMPLES, True
        cycles.use_adaptive_sampling, cycles.denoising_prefilter = False, "FAST"
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 4, 3, 2
        cycles.sample_clamp_indirect = 5
        cycles.caustics_reflective = cycles.caustics_refractive = False
        scene.cycles_curves.shape = "RIBBONS"
        scene.world = bpy.data.worlds.new("world")
        scene.world.use_nodes = True
        scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        scene.collection.objects.link(scene.camera)

        self.materials = {
            "skin": skin_material(head.folder),
            "eye": eye_material(),
            "teeth": plain_material("teeth", 0.35),
            "gums": plain_material("gums", 0.35),
            "frame": plain_material("frame", 0.25),
            "shirt": plain_material("shirt", 0.9),
            "lashes": lash_material(),
            **{name: hair_material(name) for name in HAIR_RADIUS},
        }
        paint(self.materials["gums"], gums=(0.4, 0.11, 0.1))
        self.skin, skin_faces = head.part("body", LOWEST)
        self.tri = triangles(skin_faces)
        self.body = self.add("body", head.base[self.skin], skin_faces, "skin")
        layer = self.body.data.uv_layers.new(name="UVMap")
        above = [i for i in head.groups["body"] if head.base[head.faces[i], 1].min() > LOWEST]
        uv = np.concatenate([head.uv[head.face_uv[i]] for i in above])
        layer.data.foreach_set("uv", uv.astype(np.float32).ravel())
        self.body.modifiers.new("smooth", "SUBSURF").render_levels = 1
        self.vertex_values(rest=head.base[self.skin] @ TO_BLENDER)
        self.shirt, shirt_faces = head.part("helper-tights", LOWEST)
        x, y, z = head.base[self.shirt].T
        collar = (x / 0.8) ** 2 + ((z - 0.35) / 0.95) ** 2 + ((y - 5.75) / 0.6) ** 2
        shirt_faces = [face for face in shirt_faces if collar[face].min() > 1]
        self.shirt_tri = triangles(shirt_faces)
        self.cloth = self.add("shirt", head.base[self.shirt], shirt_faces, "shirt")
        self.cloth.modifiers.new("thick", "SOLIDIFY").thickness = 0.004
        self.lashes = []
        for group in mesh.LASHES:
            vertices, faces = head.part(f"helper-{group}")
            self.lashes.append((self.add(group, head.base[vertices], faces, "lashes"), vertices))
        bpy.ops.mesh.primitive_uv_sphere_add(segments=32, ring_count=24, radius=1)
        ball = bpy.context.object.data
        ball.polygons.foreach_set("use_smooth", np.ones(len(ball.polygons), bool))
        ball.materials.append(self.materials["eye"])
        self.eyes = [bpy.context.object, bpy.data.objects.new("eye", ball)]
        scene.collection.objects.link(self.eyes[1])
        self.passing = []  # what is made anew for each photograph

    def add(self, name, points, faces, material):
        """Link a smooth mesh of points (n, 3) in the head's axes, and return the object."""
        data = bpy.data.meshes.new(name)
        data.from_pydata((points @ TO_BLENDER).tolist(), [], faces)
        data.polygons.foreach_set("use_smooth", np.ones(len(data.polygons), bool))
        data.materials.append(self.materials[material])
        return self.link(name, data)

    def link(self, name, data):
        thing = bpy.data.objects.new(name, data)
        self.scene.collection.objects.link(thing)
        return thing

    def vertex_values(self, **values):
        """Give the vertices of the skin named numbers (k,) or vectors (k, 3)."""
        for name, value in values.items():
            attributes = self.body.data.attributes
            kind, field = ("FLOAT", "value") if value.ndim == 1 else ("FLOAT_VECTOR", "vector")
            attribute = attributes.get(name) or attributes.new(name, kind, "POINT")
            attribute.data.foreach_set(field, np.ascontiguousarray(value, np.float32).ravel())

    def put(self, thing, points):
        thing.data.vertices.foreach_set("co", (points @ TO_BLENDER).astype(np.float32).ravel())
        thing.data.update()

    # -- one person --------------------------------------------------------------------------

    def receive(self, person):
        """Make the next person ready: colours, regions of the skin, hair."""
        head, self.person = self.head, person
        self.rest = head.shape(person)
        paint(self.materials["skin"], skin=person.skin, lips=person.lips, hair=person.hair)
        paint(self.materials["eye"], iris=person.iris)
        for name in ("teeth", "frame", "shirt"):
            paint(self.materials[name], **{name: getattr(person, name)})
        for name in HAIR_RADIUS:
            strand = self.materials[name].node_tree.nodes["strand"]
            darker = 0.04 if name == "brows" else 0
            strand.inputs["Melanin"].default_value = min(1, person.melanin + darker)
            strand.inputs["Melanin Redness"].default_value = person.redness
        regions, scalp = head.regions, head.scalp(person)
        self.vertex_values(
            blush=regions["blush"][self.skin] * person.blush,
            socket=regions["socket"][self.skin] * (0.4 + 0.6 * person.wrinkles),
            stubble=regions["full"][self.skin] * person.stubble,
            scalp=0.95 * scalp[self.skin],
        )
        middle = np.mean([centre for centre, _ in head.eyes(self.rest)], axis=0)
        skin = hair.Skin(head.base, self.rest, self.skin[self.tri], self.skin, middle, person.seed)
        self.strands = {
            "hair": hair.head_of_hair(skin, person, scalp),
            "brows": hair.brows(skin, person),
            "beard": hair.beard(skin, person, regions),
        }

    # -- one photograph ------------------------------------------------------------------------

    def shoot(self, photo):
        """Return light (h, w, 4), linear and with coverage, landmarks (5, 2) in its pixels, and gap.

        The gap is the one between the lips, in decimetres.
        """
        head = self.head
        v = head.express(self.rest, self.person, photo.expression)
        gap = max(
            0.0, (v[UPPER_LIP] - v[LOWER_LIP])[1] - (self.rest[UPPER_LIP] - self.rest[LOWER_LIP])[1]
        )
        R = rotation(photo.yaw, photo.pitch, photo.tilt)
        turned = self.pose(v, R, photo)
        calm = head.turn(self.rest, R, head.pivot(self.rest))
        points = head.landmarks(turned, calm, R) @ TO_BLENDER
        landmarks = self.aim(points, photo)
        self.light(photo, points.mean(0))
        light = self.render()
        bpy.data.batch_remove([*(thing.data for thing in self.passing), *self.passing])
        self.passing = []
        return light, landmarks, gap

    def pose(self, v, R, photo):
        """Put everything in its place; return the vertices (n, 3) of the turned head."""
        head, pivot = self.head, self.head.pivot(self.rest)
        turned = head.turn(v, R, pivot)
        rigid = lambda points: (points - pivot) @ R.T + pivot  # noqa: E731
        self.put(self.body, turned[self.skin])
        deep = mesh.hollows(v[self.skin], self.tri)
        self.vertex_values(hollow=0.8 * mesh.smoothstep(0.002, 0.02, deep))
        cloth = turned[self.shirt]
        self.put(self.cloth, cloth + 0.035 * mesh.normals(cloth, self.shirt_tri))
        for thing, vertices in self.lashes:
            self.put(thing, turned[vertices])
        look = rotation(*photo.gaze, 0)
        for eye, (centre, radius) in zip(self.eyes, head.eyes(turned)):
            turn = Matrix((AXES @ R @ look @ AXES.T).tolist()).to_4x4()
            eye.matrix_world = (
                Matrix.Translation(centre @ TO_BLENDER) @ turn @ Matrix.Scale(0.1 * radius, 4)
            )
        _, tooth = mesh.rounded_box()
        for name, boxes in zip(("teeth", "gums"), mesh.mouth(head, v, self.rest)):
            n, k, _ = boxes.shape
            faces = (tooth + k * np.arange(n)[:, None, None]).reshape(-1, 4).tolist()
            self.passing.append(self.add(name, rigid(boxes.reshape(-1, 3)), faces, name))
        if self.person.glasses:
            wires = mesh.spectacles(head, v, self.person.glasses)
            thick = 0.1 * self.person.glasses[-1]
            self.passing.append(self.curves("frame", [rigid(wire) for wire in wires], [thick] * 2))
        for name, strands in self.strands.items():
            if strands is not None and len(strands.points):
                radius = HAIR_RADIUS[name] * np.array((1, 0.35))
                self.passing.append(self.curves(name, rigid(strands.move(self.rest, v)), radius))
        return turned

    def curves(self, name, paths, radius):
        """Link hairs or wires, paths (k, 3), and return the object; radius: of root and tip, metres."""
        data = bpy.data.hair_curves.new(name)
        data.add_curves([len(path) for path in paths])
        points = np.concatenate(paths) @ TO_BLENDER
        data.position_data.foreach_set("vector", points.astype(np.float32).ravel())
        radii = np.concatenate([np.linspace(*radius, len(path)) for path in paths])
        thickness = data.attributes.new("radius", "FLOAT", "POINT").data
        thickness.foreach_set("value", radii.astype(np.float32))
        data.materials.append(self.materials[name])
        return self.link(name, data)

    def aim(self, points, photo):
        """Point the camera at the landmarks (5, 3) so that the face is where it is kept.

        Returns their pixels (5, 2), x to the right and y down.
        """
        flat = points[:, [0, 2]] * (1, -1)
        # From places to points as complex numbers, least squares: point ≈ turn · place + shift.
        places, found = PLACES @ (1, 1j), flat @ (1, 1j)
        centred = places - places.mean()
        turn = np.vdot(centred, found) / np.vdot(centred, centred).real
        middle = found.mean() + turn * (32 + 32j - places.mean())
        x, y, width = middle.real, middle.imag, MARGIN * 64 * abs(turn)
        distance = photo.distance
        camera = self.scene.camera
        depth = points[:, 1].mean()
        camera.matrix_world = Matrix.Translation((x, depth - distance, -y)) @ Matrix.Rotation(
            math.pi / 2, 4, "X"
        )
        camera.data.sensor_width, camera.data.lens = 36, 36 * distance / width
        camera.data.clip_start = 0.05
        scale = SIZE * distance / width / (points[:, 1] - depth + distance)
        return (flat - (x, y)) * scale[:, None] + SIZE / 2

    def light(self, photo, face):
        for lamp in photo.lights:
            data = bpy.data.lights.new("lamp", "AREA")
            data.energy, data.color, data.size = 40 * lamp.power, lamp.colour, lamp.size
            az, el = lamp.azimuth, lamp.elevation
            away = Vector((math.sin(az) * math.cos(el), -math.cos(az) * math.cos(el), math.sin(el)))
            thing = self.link("lamp", data)
            thing.location = Vector(face) + 1.3 * away
            thing.rotation_euler = away.to_track_quat("Z", "Y").to_euler()
            self.passing.append(thing)
        sky = self.scene.world.node_tree.nodes["Background"]
        sky.inputs[0].default_value = (*photo.ambient, 1)

    def render(self):
        """Return what the camera sees, (h, w, 4) float32: linear RGB times coverage, coverage."""
        path = Path(tempfile.gettempdir()) / f"render_caras_{os.getpid()}.exr"
        self.scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        picture = bpy.data.images.load(str(path))
        values = np.empty(SIZE * SIZE * 4, np.float32)
        picture.pixels.foreach_get(values)
        bpy.data.images.remove(picture)
        path.unlink()
        return values.reshape(SIZE, SIZE, 4)[::-1]
