# options:skip_snat of load balancers that have no VIPs.
i=0
for o in options:skip_snat=true "options:skip_snat=true options:template=true" "options:skip_snat=true vips:\"10.0.0.1:80\"=\"\"" "options:skip_snat=true vips:10.0.0.1=10.0.0.2" "options:skip_snat=TRUE"; do for g in "" options:chassis=hv1 options:lb_force_snat_ip=10.0.0.5; do i=$((i+1)); ovn-nbctl lr-add r$i
[ -z "$g" ] || ovn-nbctl set Logical_Router r$i $g
ovn-nbctl --id=@l create Load_Balancer name=lb$i $o -- add Logical_Router r$i load_balancer @l
done; done
ovn-nbctl create Load_Balancer_Group name=g1
ovn-nbctl lr-add rg -- add Logical_Router rg load_balancer_group $(ovn-nbctl --bare --columns=_uuid find Load_Balancer_Group name=g1)
ovn-nbctl --id=@l create Load_Balancer name=lbg options:skip_snat=true -- add Load_Balancer_Group g1 load_balancer @l
ovn-nbctl set Load_Balancer lb13 vips:\"10.9.9.9:80\"=\"10.1.1.1:80\" -- set Load_Balancer lb14 vips:\"10.9.9.9:80\"=\"10.1.1.1:80\"
